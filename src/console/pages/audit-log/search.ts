import { startOf, windows } from '../../ui/windows.ts';
import { type ListSearch, listSearch, textsOf } from '../tenant.ts';

export const outcomes = ['SUCCESS', 'DENIED', 'ERROR'] as const;
export const kinds = [
  'CREATE',
  'UPDATE',
  'DELETE',
  'READ',
  'LOGIN',
  'LOGIN_FAILURE',
  'LOGOUT',
  'ACCOUNT_LOCKED',
  'IMPERSONATE',
] as const;

export const actorKinds = ['USER', 'SERVICE_ACCOUNT', 'SYSTEM', 'ANONYMOUS'] as const;

export type Outcome = (typeof outcomes)[number];
export type Kind = (typeof kinds)[number];

/** The filters of the audit log, as they are in the address. */
export interface AuditSearch extends ListSearch {
  readonly outcome?: Outcome | undefined;
  readonly kind?: Kind | undefined;
  /** A namespace and all below it. */
  readonly under?: string | undefined;
  readonly actor?: string | undefined;
  readonly by?: (typeof actorKinds)[number] | undefined;
  /** Exactly one flow. `namespace` says in which namespace. */
  readonly flow?: string | undefined;
  readonly namespace?: string | undefined;
  /** ID of the orchestrator. */
  readonly execution?: string | undefined;
  /** Details as key:value, with commas between them. */
  readonly details?: string | undefined;
  readonly request?: string | undefined;
  /** One of `windows`. */
  readonly since?: string | undefined;
  /** ID of the open event. */
  readonly event?: string | undefined;
}

const oneOf = <Value extends string>(values: readonly Value[], given: unknown): Value | undefined =>
  values.find((value) => value === given);

export const auditSearch = (given: Record<string, unknown>): AuditSearch => {
  const outcome = oneOf(outcomes, given['outcome']);
  const kind = oneOf(kinds, given['kind']);
  const by = oneOf(actorKinds, given['by']);
  return {
    ...listSearch(given),
    ...textsOf(given, ['under', 'actor', 'flow', 'namespace', 'execution', 'details', 'request', 'event']),
    ...(outcome && { outcome }),
    ...(kind && { kind }),
    ...(by && { by }),
    ...(typeof given['since'] === 'string' && given['since'] in windows && { since: given['since'] }),
  };
};

/** The same as the API takes them. @param now rounded, so that the same view asks the same question. */
export function whereOf(search: AuditSearch, now: number) {
  const { text, outcome, kind, under, actor, by, flow, namespace, execution, details, request, since } = search;
  const from = startOf(since, now);
  return {
    ...(text !== undefined && { text }),
    ...(outcome !== undefined && { outcome: [outcome] }),
    ...(kind !== undefined && { kind: [kind] }),
    ...(under !== undefined && { under }),
    ...(actor !== undefined && { actorName: actor }),
    ...(by !== undefined && { actorKind: [by] }),
    ...(flow !== undefined && { flowId: flow }),
    ...(namespace !== undefined && { namespaceName: namespace }),
    ...(execution !== undefined && { executionId: execution }),
    ...(details !== undefined && { details: partsOf(details) }),
    ...(request !== undefined && { requestId: request }),
    ...(from !== undefined && { from }),
  };
}

const partsOf = (list: string): string[] =>
  list
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

export const kindInWords = (kind: string): string => {
  const text = kind.toLowerCase().replaceAll('_', ' ').replace('login', 'sign-in').replace('logout', 'sign-out');
  return text.slice(0, 1).toUpperCase() + text.slice(1);
};
