import type { Client } from '../support/client.ts';
import type { Stage } from './stage.ts';

/** A real attempt: the mutation with its variables, and whether the database shows its effect. */
export interface Attempt {
  readonly mutation: string;
  readonly variables: Record<string, unknown>;
  readonly happened: () => Promise<boolean>;
}
export type Attempting = (stage: Stage) => Promise<Attempt>;

const call = (field: string, input: string, select: string) =>
  `mutation($i: ${input}!) { ${field}(input: $i) { ${select} } }`;

export function attempt(
  field: string,
  input: string,
  select: string,
  variables: Record<string, unknown>,
  happened: () => Promise<boolean>,
): Attempt {
  return { mutation: call(field, input, select), variables: { i: variables }, happened };
}

export const perform = (client: Client, { mutation, variables }: Attempt) => client.run<any>(mutation, variables);
