import type { z } from 'zod';
import type { Credential } from '../../src/access/actor.ts';
import type { Action, ResourceName } from '../../src/access/catalog.ts';
import type { Row } from '../../src/access/grant.ts';
import type { Where } from '../../src/access/where.ts';
import type { AccessRequest, LookUps, Policy, PolicyHost, PolicyPlugin } from '../../src/policy/contract.ts';
import { matches } from '../../src/policy/portable.ts';

export const now = new Date('2026-06-01T00:00:00Z');

/** Groups and tenants are known by their own names. */
const host: PolicyHost = { groups: (names) => new Set(names), tenants: (keys) => new Set(keys) };

/** An empty store. */
export const noLookUps: LookUps = {
  count: async () => 0,
  rows: async () => [],
  authors: async () => new Set(),
  isMember: async () => false,
};

export interface Question {
  readonly resource?: ResourceName;
  readonly action?: Action;
  readonly tenantId?: string;
  readonly groups?: readonly string[];
  readonly kind?: 'USER' | 'SERVICE_ACCOUNT';
  readonly name?: string;
  readonly part?: 'members';
  readonly impersonator?: { readonly id: string; readonly name: string };
  readonly credential?: Credential;
  readonly now?: Date;
  readonly ip?: string;
  readonly reason?: string;
}

/** A plugin with its settings, ready to be asked without a gateway around it. */
export async function prepared(plugin: object, config: unknown) {
  const { config: model, create } = plugin as PolicyPlugin;
  const policy = (await create((model as z.ZodType).parse(config), host)) as Policy;
  const request = ({
    resource = 'NAMESPACE',
    action = 'UPDATE',
    tenantId,
    groups = [],
    kind = 'USER',
    name = 'somebody',
    credential = { kind: 'basic' },
    part,
    impersonator,
    ...env
  }: Question): AccessRequest => ({
    actor: {
      kind,
      id: name,
      name,
      groups,
      credential,
      ...(impersonator && { impersonator }),
      isIn: (wanted) => groups.some((group) => wanted.has(group)),
    },
    action,
    resource,
    scope: { ...(tenantId !== undefined && { tenantId }), ...(part && { part }) },
    env: { now, requestId: 'r', ...env },
  });
  return {
    verdict: (question: Question) => policy.evaluate(request(question)),
    /** Does the verdict leave this row? */
    leaves(question: Question, row: Row): boolean {
      const verdict = policy.evaluate(request(question));
      return verdict.effect !== 'deny' || (verdict.unless !== undefined && matches(verdict.unless as Where, row));
    },
    review: async (question: Question, before: Row | null, after: Row | null, look: Partial<LookUps> = {}) => {
      const { resource = 'NAMESPACE' } = question;
      const answer = await policy.review!(request(question), { resource, before, after }, { ...noLookUps, ...look });
      return answer.effect === 'deny' ? answer.reason : 'abstain';
    },
  };
}

export const accepts = (plugin: object, config: unknown): boolean =>
  (plugin as { config: z.ZodType }).config.safeParse(config).success;
