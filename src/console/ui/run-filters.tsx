import { useId, useState } from 'react';
import { NamespaceField } from './choices.ts';
import type { Filter } from './Filters.tsx';
import { CheckField, SelectField, TextField } from './fields.tsx';
import { lookOf, type State, states } from './state.ts';
import { windows } from './windows.ts';
import { clock, day } from './zone.ts';

const inWords = (value: string): string =>
  value
    .split(',')
    .map((state) => lookOf(state).title)
    .join(', ');

/** Only these windows. An expensive list does not offer long ones. */
export const windowFilter = (usual: string | undefined, names = Object.keys(windows)): Filter => ({
  name: 'since',
  title: 'Time',
  inWords: (value) => (value === 'any' ? 'Any time' : (windows[value]?.title ?? value)),
  ...(usual !== undefined && { usual }),
  field: (value) => (
    <SelectField
      name="since"
      label="Time"
      value={value ?? usual ?? ''}
      options={[
        ...names.map((name) => ({ value: name, title: windows[name]?.title ?? name })),
        { value: usual === undefined ? '' : 'any', title: 'Any time' },
      ]}
    />
  ),
});

/** Success first: it is what most executions end with. */
const inOrder: readonly State[] = ['SUCCESS', ...states.filter((state) => state !== 'SUCCESS')];

export const stateFilter = (offered: readonly State[] = inOrder): Filter => ({
  name: 'state',
  title: 'State',
  inWords,
  field: (value) => <StateChoice offered={offered} value={value?.split(',') ?? []} />,
});

function StateChoice({ offered, value }: { offered: readonly State[]; value: readonly string[] }) {
  const id = useId();
  return (
    <fieldset className="field state-choice" aria-labelledby={id}>
      <span className="label" id={id}>
        State
      </span>
      <div>
        {offered.map((state) => (
          <CheckField
            key={state}
            name="state"
            value={state}
            label={lookOf(state).title}
            isChecked={value.includes(state)}
          />
        ))}
      </div>
    </fieldset>
  );
}

/** A namespace, and all below it. */
export const underFilter = (tenant: string): Filter => ({
  name: 'under',
  title: 'Namespace',
  inWords: (value) => `${value} and below`,
  field: (value) => <NamespaceChoice tenant={tenant} value={value} />,
});

function NamespaceChoice({ tenant, value }: { tenant: string; value: string | undefined }) {
  const [chosen, choose] = useState(value);
  return (
    <NamespaceField
      name="under"
      label="Namespace, and below"
      isOptional
      tenant={tenant}
      value={chosen}
      choose={choose}
      placeholder="Any"
    />
  );
}

/** A filter by a text of its own. */
export const textFilter = (name: string, title: string, label = title, hint?: string): Filter => ({
  name,
  title,
  field: (value) => (
    <TextField name={name} label={label} value={value} isOptional {...(hint !== undefined && { hint })} />
  ),
});

export const flowFilter = textFilter('flow', 'Flow', 'ID of the flow');
export const labelFilter = textFilter('label', 'Label', 'Labels', 'Each as key:value, with commas between them.');

const timeInWords = (value: string): string => {
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? value : `${day(date)}, ${clock(date)}`;
};

/** A time that a link sets, such as that of a period of the chart. */
export const timeFilter = (name: 'from' | 'until', title: string): Filter => ({
  name,
  title,
  inWords: timeInWords,
  field: (value) => <input type="hidden" name={name} value={value ?? ''} />,
});
