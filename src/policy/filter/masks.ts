import type { Permission, ResourceName } from '../../access/catalog.ts';
import type { Grant, Row } from '../../access/grant.ts';
import { resourceDefinition } from '../../access/resource.ts';
import { remember } from '../../lib/remember.ts';
import type { Obligation } from '../contract.ts';
import type { Decision } from '../decide/decision.ts';
import type { AccessSession } from '../session/session.ts';
import { matcherOf } from './matcher.ts';

type Mask = Extract<Obligation, { kind: 'mask' }>;

/** What is masked of a resource for one viewer, wherever its values appear. */
export interface Masks {
  /** Is this field of this row masked? The row needs its id, and the columns that policies filter by. */
  hides(field: string, row: Row): boolean;
  /** May it be masked for any row at all? Then it is neither filter nor sort key, nor part of a cursor. */
  hidesSome(field: string): boolean;
}

/** Nothing is masked. */
export const unmasked: Masks = { hides: () => false, hidesSome: () => false };
const known = new WeakMap<Decision, Masks>();

/** Where a policy could not say whether it masks, everything that can be masked is. */
export function masksOf(session: AccessSession, resource: ResourceName): Masks {
  const decision = session.decide(`${resource}:READ` as Permission);
  return remember(known, decision, () => makeMasks(session, resource, decision));
}

function makeMasks(session: AccessSession, resource: ResourceName, { steps }: Decision): Masks {
  const counted = steps.filter((step) => !step.shadow);
  const masks: Mask[] = counted.some(({ effect }) => effect === 'error')
    ? [{ kind: 'mask', fields: [...(resourceDefinition(resource)?.maskable ?? [])] }]
    : counted.flatMap(({ obligations = [] }) => obligations.filter((one) => one.kind === 'mask'));
  if (masks.length === 0) return unmasked;
  // Who is shown a value by a permission uses it.
  const holding = new Map<Permission, Grant | undefined>();
  const holds = (permission: Permission, row: Row): boolean => {
    if (!holding.has(permission)) holding.set(permission, session.may(permission));
    return holding.get(permission)?.matches(row) ?? false;
  };
  const spares = ({ unless, unlessHolding }: Mask, row: Row): boolean =>
    (unless !== undefined && matcherOf(unless)(row)) || (unlessHolding !== undefined && holds(unlessHolding, row));
  const sparesAll = ({ unlessHolding }: Mask): boolean => {
    if (unlessHolding === undefined) return false;
    const { outcome } = session.decide(unlessHolding);
    return outcome.effect === 'allow' && outcome.where === undefined;
  };
  return {
    hides: (field, row) => masks.some((mask) => mask.fields.includes(field) && !spares(mask, row)),
    hidesSome: (field) => masks.some((mask) => mask.fields.includes(field) && !sparesAll(mask)),
  };
}
