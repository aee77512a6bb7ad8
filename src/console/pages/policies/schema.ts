/** The part of JSON Schema that settings of policies use. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly enum?: readonly (string | number)[];
  readonly default?: unknown;
  readonly description?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly exclusiveMinimum?: number;
  readonly maximum?: number;
}

export type Settings = Readonly<Record<string, unknown>>;

/** maxAgeDays → Max age days */
export const inWords = (name: string): string => {
  const text = name.replaceAll(/([A-Z])/g, ' $1').toLowerCase();
  return text.slice(0, 1).toUpperCase() + text.slice(1);
};

/** What a new item of a list starts with. */
export function startOf(schema: Schema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (schema.enum) return schema.enum[0];
  switch (schema.type) {
    case 'object': {
      const required = Object.entries(schema.properties ?? {}).filter(([name]) => schema.required?.includes(name));
      return Object.fromEntries(required.map(([name, one]) => [name, startOf(one)]));
    }
    case 'array':
      return [];
    case 'boolean':
      return false;
    case 'integer':
    case 'number':
      return schema.minimum ?? 1;
    default:
      return '';
  }
}

/** Without texts and lists that are empty: they are the same as none. */
export function withoutEmpty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutEmpty);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== undefined && one !== '')
      .map(([name, one]) => [name, withoutEmpty(one)]),
  );
}
