/**
 * Evaluates a policy without a gateway. Used by the tests of policies, in this project and outside of it
 * (`gatehouse/policy-testing`).
 */
import type { z } from 'zod';
import type { Credential } from '../access/actor.ts';
import type { Action, ResourceName } from '../access/catalog.ts';
import type { Row } from '../access/row.ts';
import type { Where } from '../access/where.ts';
import type { AccessRequest, LookUps, Policy, PolicyHost, PolicyPlugin } from './contract.ts';
import { matches } from './filter/portable.ts';

/** The default time of a question. */
export const now = new Date('2026-06-01T00:00:00Z');

/** Resolves groups and tenants to their own names. */
const host: PolicyHost = {
  groups: (names) => new Set(names),
  tenants: (keys) => new Set(keys),
  serviceAccount: (name) => name,
};

/** Lookups in an empty store. */
export const noLookUps: LookUps = {
  count: async () => 0,
  rows: async () => [],
  authors: async () => new Set(),
  isMember: async () => false,
};

/** A question to a policy. Defaults: UPDATE of NAMESPACE at the instance level, by the user `user` with a password. */
export interface Question {
  readonly resource?: ResourceName;
  readonly action?: Action;
  readonly tenantId?: string;
  /** 'tenant/group name', as in settings. */
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

/**
 * Creates the policy of a plugin with the given settings.
 * @throws {z.ZodError} if the settings are invalid.
 */
export async function prepared(plugin: object, config: unknown) {
  const { config: model, create } = plugin as PolicyPlugin;
  const policy = (await create((model as z.ZodType).parse(config), host)) as Policy;
  const request = ({
    resource = 'NAMESPACE',
    action = 'UPDATE',
    tenantId,
    groups = [],
    kind = 'USER',
    name = 'user',
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
    /** Returns the verdict on the question. */
    verdict: (question: Question) => policy.evaluate(request(question)),
    /** Returns true if the verdict does not refuse this row. */
    leaves(question: Question, row: Row): boolean {
      const verdict = policy.evaluate(request(question));
      return verdict.effect !== 'deny' || (verdict.unless !== undefined && matches(verdict.unless as Where, row));
    },
    /**
     * Reviews a change. Returns the reason of the refusal, or 'abstain'. Lookups that are not given use an empty store.
     */
    review: async (question: Question, before: Row | null, after: Row | null, look: Partial<LookUps> = {}) => {
      const { resource = 'NAMESPACE' } = question;
      const answer = await policy.review!(request(question), { resource, before, after }, { ...noLookUps, ...look });
      return answer.effect === 'deny' ? answer.reason : 'abstain';
    },
  };
}

/** Returns true if the settings are valid. */
export const accepts = (plugin: object, config: unknown): boolean =>
  (plugin as { config: z.ZodType }).config.safeParse(config).success;
