import type { Action, ResourceName } from '../../generated/AnswerQuery.graphql.ts';

export interface Question {
  /** ID of the user or service account. */
  readonly who?: string | undefined;
  /** Such as FLOW:UPDATE. */
  readonly may?: string | undefined;
  readonly namespace?: string | undefined;
  /** A past time; omit for now. */
  readonly at?: string | undefined;
}

/** A question without a person: who can. */
export interface AskedOfAll extends Question {
  readonly may: string;
}

export interface Asked extends AskedOfAll {
  readonly who: string;
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined);

export const questionOf = (given: Record<string, unknown>): Question =>
  Object.fromEntries(
    (['who', 'may', 'namespace', 'at'] as const)
      .map((name) => [name, textOf(given[name])] as const)
      .filter(([, value]) => value !== undefined),
  );

export const hasPermission = (question: Question): question is AskedOfAll =>
  /^[A-Z_]+:[A-Z_]+$/.test(question.may ?? '');

export const isComplete = (question: Question): question is Asked =>
  question.who !== undefined && hasPermission(question);

/** The permission as the API takes it. The form offers the permissions of the catalogue only. */
export function permissionOf(may: string): { readonly resource: ResourceName; readonly actions: readonly Action[] } {
  const [resource = '', action = ''] = may.split(':');
  return { resource: resource as ResourceName, actions: [action as Action] };
}
