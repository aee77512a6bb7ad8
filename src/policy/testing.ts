/**
 * Asks a policy without a gateway around it: for its tests, inside the project and out of it (`gatehouse/policy-testing`).
 */
import type { z } from 'zod';
import type { Credential } from '../access/actor.ts';
import type { Action, ResourceName } from '../access/catalog.ts';
import type { Row } from '../access/row.ts';
import type { Where } from '../access/where.ts';
import type { AccessRequest, LookUps, Policy, PolicyHost, PolicyPlugin } from './contract.ts';
import { matches } from './filter/portable.ts';

/** When questions are asked that do not say when. */
export const now = new Date('2026-06-01T00:00:00Z');

/** Groups and tenants are known by their own names. */
const host: PolicyHost = {
  groups: (names) => new Set(names),
  tenants: (keys) => new Set(keys),
  serviceAccount: (name) => name,
};

/** An empty store. */
export const noLookUps: LookUps = {
  count: async () => 0,
  rows: async () => [],
  authors: async () => new Set(),
  isMember: async () => false,
};

/** What is asked, as far as the default does not do: a user `somebody` by password, NAMESPACE, UPDATE, no tenant. */
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

/** A plugin with its settings, ready to be asked. @throws what is wrong with the settings. */
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
    /** What it says to the question. */
    verdict: (question: Question) => policy.evaluate(request(question)),
    /** Does the verdict leave this row? */
    leaves(question: Question, row: Row): boolean {
      const verdict = policy.evaluate(request(question));
      return verdict.effect !== 'deny' || (verdict.unless !== undefined && matches(verdict.unless as Where, row));
    },
    /** What it says to a change: its reason to refuse, or 'abstain'. Look-ups find an empty store where none are given. */
    review: async (question: Question, before: Row | null, after: Row | null, look: Partial<LookUps> = {}) => {
      const { resource = 'NAMESPACE' } = question;
      const answer = await policy.review!(request(question), { resource, before, after }, { ...noLookUps, ...look });
      return answer.effect === 'deny' ? answer.reason : 'abstain';
    },
  };
}

/** Are these settings without a fault? */
export const accepts = (plugin: object, config: unknown): boolean =>
  (plugin as { config: z.ZodType }).config.safeParse(config).success;
