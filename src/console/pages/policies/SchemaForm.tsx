import { useId } from 'react';
import { Icon } from '../../ui/Icon.tsx';
import { inWords, type Schema, type Settings, startOf } from './schema.ts';

interface PartProps<Value> {
  readonly schema: Schema;
  readonly label: string;
  readonly value: Value;
  readonly change: (value: unknown) => void;
  readonly isOptional?: boolean;
}

/** A form of settings, made from the schema of a policy. */
export function SchemaForm({
  schema,
  value,
  change,
}: {
  schema: Schema;
  value: Settings;
  change: (value: Settings) => void;
}) {
  const properties = Object.entries(schema.properties ?? {});
  if (properties.length === 0) return <p className="quiet">This policy has no settings.</p>;
  return properties.map(([name, one]) => (
    <Part
      key={name}
      schema={one}
      label={inWords(name)}
      value={value[name] ?? one.default}
      change={(next) => change({ ...value, [name]: next })}
      isOptional={!schema.required?.includes(name)}
    />
  ));
}

function Part(props: PartProps<unknown>) {
  const { schema, value } = props;
  if (schema.enum) return <OneOf {...props} value={String(value ?? '')} />;
  switch (schema.type) {
    case 'object':
      return <Group {...props} value={(value ?? {}) as Settings} />;
    case 'array': {
      const items = (Array.isArray(value) ? value : []) as readonly unknown[];
      if (schema.items?.enum) return <Some {...props} value={items as readonly string[]} />;
      if (schema.items?.type === 'object') return <Items {...props} value={items as readonly Settings[]} />;
      return <Lines {...props} value={items as readonly string[]} />;
    }
    case 'boolean':
      return <Switch {...props} value={value === true} />;
    default:
      return <Text {...props} value={value === undefined || value === null ? '' : String(value)} />;
  }
}

const Optional = ({ is }: { is: boolean | undefined }) => (is ? <span className="quiet"> (optional)</span> : null);

function Text({ schema, label, value, change, isOptional }: PartProps<string>) {
  const id = useId();
  const isNumber = schema.type === 'integer' || schema.type === 'number';
  const read = (text: string): unknown => (text === '' ? undefined : isNumber ? Number(text) : text);
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        <Optional is={isOptional} />
      </label>
      <input
        id={id}
        className="input"
        type={isNumber ? 'number' : 'text'}
        value={value}
        step={schema.type === 'number' ? 'any' : undefined}
        spellCheck={false}
        onChange={({ target }) => change(read(target.value))}
      />
    </div>
  );
}

function OneOf({ schema, label, value, change, isOptional }: PartProps<string>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        <Optional is={isOptional} />
      </label>
      <span className="select">
        <select
          id={id}
          className="input"
          value={value}
          onChange={({ target }) => change(target.value === '' ? undefined : target.value)}
        >
          {isOptional && <option value="">any</option>}
          {schema.enum?.map((one) => (
            <option key={one}>{one}</option>
          ))}
        </select>
        <Icon name="down" />
      </span>
    </div>
  );
}

function Switch({ label, value, change }: PartProps<boolean>) {
  const id = useId();
  return (
    <div className="check">
      <input id={id} type="checkbox" checked={value} onChange={({ target }) => change(target.checked)} />
      <label htmlFor={id}>{label}</label>
    </div>
  );
}

function Some({ schema, label, value, change }: PartProps<readonly string[]>) {
  const id = useId();
  return (
    <fieldset>
      <legend>{label}</legend>
      <div className="row wide">
        {schema.items?.enum?.map((one) => (
          <span className="check" key={one}>
            <input
              id={`${id}${one}`}
              type="checkbox"
              checked={value.includes(String(one))}
              onChange={({ target }) =>
                change(target.checked ? [...value, String(one)] : value.filter((other) => other !== one))
              }
            />
            <label htmlFor={`${id}${one}`}>{one}</label>
          </span>
        ))}
      </div>
    </fieldset>
  );
}

function Lines({ label, value, change, isOptional }: PartProps<readonly string[]>) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>
        {label}
        <Optional is={isOptional} />
      </label>
      <textarea
        id={id}
        className="input mono"
        rows={Math.max(2, value.length + 1)}
        value={value.join('\n')}
        spellCheck={false}
        aria-describedby={`${id}-hint`}
        onChange={({ target }) => change(target.value === '' ? [] : target.value.split('\n'))}
        // An empty line is only there while it is typed.
        onBlur={() => change(value.filter((line) => line.trim() !== ''))}
      />
      <p className="hint" id={`${id}-hint`}>
        One on each line.
      </p>
    </div>
  );
}

function Group({ schema, label, value, change }: PartProps<Settings>) {
  return (
    <fieldset className="inner">
      <legend>{label}</legend>
      <SchemaForm schema={schema} value={value} change={change} />
    </fieldset>
  );
}

function Items({ schema, label, value, change }: PartProps<readonly Settings[]>) {
  const items = schema.items ?? {};
  return (
    <fieldset>
      <legend>{label}</legend>
      {value.length === 0 && <p className="quiet">None.</p>}
      {value.map((one, i) => (
        // The items have no identity but their place.
        // biome-ignore lint/suspicious/noArrayIndexKey: an item that is edited must keep its key
        <fieldset className="card inner" key={i} aria-label={`${label}, number ${i + 1}`}>
          <div className="row">
            <span className="label grow">{i + 1}</span>
            <button
              type="button"
              className="btn plain icon sm"
              aria-label={`Remove number ${i + 1}`}
              onClick={() => change(value.filter((_, at) => at !== i))}
            >
              <Icon name="x" />
            </button>
          </div>
          <SchemaForm
            schema={items}
            value={one}
            change={(next) => change(value.map((other, at) => (at === i ? next : other)))}
          />
        </fieldset>
      ))}
      <div className="row">
        <button type="button" className="btn sm" onClick={() => change([...value, startOf(items)])}>
          <Icon name="plus" />
          Add one
        </button>
      </div>
    </fieldset>
  );
}
