import type { Values } from '../FormDialog.tsx';
import { CheckField, Field, SelectField, TextField } from '../fields.tsx';
import { type DeclaredInput, isRequired, textOfDefault, valuesOf } from './declared.ts';

/** The name of the field of an input, so that a fault of the gateway is at its field. */
const nameOf = ({ id }: DeclaredInput): string => `inputs.${id}`;
const structured = new Set(['JSON', 'YAML', 'ARRAY']);
const fieldTypes: Readonly<Record<string, 'text' | 'email' | 'password' | 'number' | 'date'>> = {
  INT: 'number',
  EMAIL: 'email',
  SECRET: 'password',
  DATE: 'date',
};
const hints: Readonly<Record<string, string>> = {
  DATETIME: 'A date with time, such as 2026-01-31T12:00:00Z.',
  TIME: 'A time, such as 12:00:00.',
  DURATION: 'An ISO 8601 duration, such as PT5M.',
  ARRAY: 'A JSON list.',
  JSON: 'JSON.',
  FILE: 'The URI of a file in the storage of the orchestrator.',
};

/** A field for each declared input. */
export function InputFields({ inputs }: { inputs: readonly DeclaredInput[] }) {
  return inputs.map((input) => <InputField key={input.id} input={input} />);
}

function InputField({ input }: { input: DeclaredInput }) {
  const { id, type, displayName, description } = input;
  const hint = description ?? hints[type];
  const common = {
    name: nameOf(input),
    label: displayName ?? id,
    isOptional: !isRequired(input),
    ...(hint !== undefined && { hint }),
  };
  const value = textOfDefault(input);
  if (type === 'BOOLEAN' || type === 'BOOL')
    return <CheckField name={common.name} label={common.label} isChecked={value === 'true'} />;
  const values = valuesOf(input);
  if (type === 'MULTISELECT')
    return (
      <Field {...common}>
        {(attributes) => (
          <select {...attributes} className="input" multiple size={Math.min(6, Math.max(2, values.length))}>
            {values.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        )}
      </Field>
    );
  if (values.length > 0 && input.allowCustomValue !== true)
    return (
      <SelectField
        {...common}
        value={value ?? ''}
        options={[
          ...(common.isOptional ? [{ value: '', title: '–' }] : []),
          ...values.map((one) => ({ value: one, title: one })),
        ]}
      />
    );
  return (
    <TextField {...common} value={value} type={fieldTypes[type] ?? 'text'} {...(structured.has(type) && { rows: 4 })} />
  );
}

/** The values of the fields as the API takes them. An empty optional field is omitted. */
export function inputsFrom(inputs: readonly DeclaredInput[], values: Values): Record<string, unknown> {
  const given = inputs.map((input): [string, unknown] => {
    const name = nameOf(input);
    switch (input.type) {
      case 'BOOLEAN':
      case 'BOOL':
        return [input.id, values.isOn(name)];
      case 'MULTISELECT':
        return [input.id, values.all(name)];
      case 'SECRET':
        return [input.id, values.secret(name) || undefined];
      case 'JSON':
      case 'ARRAY':
        return [input.id, parsed(values.text(name))];
      default:
        return [input.id, values.text(name)];
    }
  });
  return Object.fromEntries(given.filter(([, value]) => value !== undefined));
}

/** JSON, or the text itself: the gateway then says what is wrong with it. */
function parsed(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
