import type { Permission, ResourceName } from '../../access/catalog.ts';
import type { Grant, Row } from '../../access/grant.ts';
import { resourceDefinition } from '../../access/resource.ts';
import { remember } from '../../lib/remember.ts';
import type { Obligation } from '../contract.ts';
import type { Decision } from '../decide/decision.ts';
import type { AccessSession } from '../session/session.ts';
import { matcherOf } from './matcher.ts';

type Mask = Extract<Obligation, { kind: 'mask' }>;

/** The masked fields of a resource for one viewer. Applies wherever the values appear. */
export interface Masks {
  /** Returns true if this field of this row is masked. The row needs its id and the columns that policies filter by. */
  hides(field: string, row: Row): boolean;
  /**
   * Returns true if the field can be masked for some row. It then cannot be a filter, a sort key or part of a cursor.
   */
  hidesSome(field: string): boolean;
}

/** Masks nothing. */
export const unmasked: Masks = { hides: () => false, hidesSome: () => false };
const known = new WeakMap<Decision, Masks>();

/** Returns the masks of a resource for a session. If a policy fails, all maskable fields are masked. */
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
  // Showing a value because of a permission counts as a use of that permission.
  const holding = new Map<Permission, Grant | undefined>();
  const holds = (permission: Permission, row: Row): boolean => {
    if (!holding.has(permission)) holding.set(permission, session.may(permission));
    return holding.get(permission)?.matches(row) ?? false;
  };
  const exempts = ({ unless, unlessHolding }: Mask, row: Row): boolean =>
    (unless !== undefined && matcherOf(unless)(row)) || (unlessHolding !== undefined && holds(unlessHolding, row));
  const exemptsAll = ({ unlessHolding }: Mask): boolean => {
    if (unlessHolding === undefined) return false;
    const { outcome } = session.decide(unlessHolding);
    return outcome.effect === 'allow' && outcome.where === undefined;
  };
  return {
    hides: (field, row) => masks.some((mask) => mask.fields.includes(field) && !exempts(mask, row)),
    hidesSome: (field) => masks.some((mask) => mask.fields.includes(field) && !exemptsAll(mask)),
  };
}
