/** An input, as a flow or a paused task declares it. */
export interface DeclaredInput {
  readonly id: string;
  readonly type: string;
  readonly displayName?: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly defaults?: unknown;
  readonly prefill?: unknown;
  readonly values?: readonly unknown[];
  readonly allowCustomValue?: boolean;
}

/** The inputs of a declaration that the gateway returns as JSON. */
export const declaredInputs = (given: unknown): readonly DeclaredInput[] =>
  Array.isArray(given)
    ? given.filter((one): one is DeclaredInput => typeof one?.id === 'string' && typeof one?.type === 'string')
    : [];

/** The values of a selection, as texts. */
export const valuesOf = ({ values }: DeclaredInput): readonly string[] =>
  (values ?? []).map((one) =>
    typeof one === 'object' && one !== null ? String((one as { value?: unknown }).value ?? '') : String(one),
  );

export const isRequired = ({ required, defaults, prefill }: DeclaredInput): boolean =>
  required !== false && defaults === undefined && prefill === undefined;

/** A default as the text of a field. */
export const textOfDefault = ({ defaults, prefill }: DeclaredInput): string | undefined => {
  const value = defaults ?? prefill;
  return value === undefined || value === null ? undefined : typeof value === 'string' ? value : JSON.stringify(value);
};
