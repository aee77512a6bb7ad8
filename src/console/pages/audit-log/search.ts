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

export type Outcome = (typeof outcomes)[number];
export type Kind = (typeof kinds)[number];

/** The filters of the audit log, as they are in the address. */
export interface AuditSearch extends ListSearch {
  readonly outcome?: Outcome | undefined;
  readonly kind?: Kind | undefined;
  /** A namespace and all below it. */
  readonly under?: string | undefined;
  readonly actor?: string | undefined;
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
  return {
    ...listSearch(given),
    ...textsOf(given, ['under', 'actor', 'request', 'event']),
    ...(outcome && { outcome }),
    ...(kind && { kind }),
    ...(typeof given['since'] === 'string' && given['since'] in windows && { since: given['since'] }),
  };
};

/** The same as the API takes them. @param now rounded, so that the same view asks the same question. */
export function whereOf({ text, outcome, kind, under, actor, request, since }: AuditSearch, now: number) {
  const from = startOf(since, now);
  return {
    ...(text !== undefined && { text }),
    ...(outcome !== undefined && { outcome: [outcome] }),
    ...(kind !== undefined && { kind: [kind] }),
    ...(under !== undefined && { under }),
    ...(actor !== undefined && { actorName: actor }),
    ...(request !== undefined && { requestId: request }),
    ...(from !== undefined && { from }),
  };
}

export const kindInWords = (kind: string): string => {
  const text = kind.toLowerCase().replaceAll('_', ' ').replace('login', 'sign-in').replace('logout', 'sign-out');
  return text.slice(0, 1).toUpperCase() + text.slice(1);
};
