import { type FunctionComponent, Suspense, useDeferredValue, useState } from 'react';
import { Choice, type Option } from './Choice.tsx';
import { FaultBoundary } from './FaultBoundary.tsx';
import { Field, type FieldProps } from './fields.tsx';

export interface ChoiceFieldProps extends FieldProps {
  readonly tenant: string;
  readonly value: string | undefined;
  readonly choose: (id: string | undefined, title: string) => void;
  readonly placeholder?: string;
  /** IDs that are not offered. */
  readonly without?: readonly string[];
}

/** Options of a tenant with a text. One small page of them. */
export type UseOptions = (tenant: string, text: string) => readonly Option[];

/** Creates a field of a form that is a choice among many, by a few letters. */
export function choiceField(useOptions: UseOptions): FunctionComponent<ChoiceFieldProps> {
  function Loaded({
    name,
    label,
    hint,
    isOptional = false,
    value,
    choose,
    placeholder = '',
    tenant,
    without = [],
  }: ChoiceFieldProps) {
    const [typed, setTyped] = useState('');
    const options = useOptions(tenant, useDeferredValue(typed));
    const offered = options.filter(({ id }) => !without.includes(id));
    return (
      <Field name={name} label={label} hint={hint} isOptional={isOptional}>
        {(attributes) => (
          <>
            <Choice
              id={attributes.id}
              label={label}
              placeholder={placeholder}
              options={offered}
              value={value}
              choose={(id) => choose(id, offered.find((one) => one.id === id)?.title ?? '')}
              search={setTyped}
            />
            <input type="hidden" name={name} value={value ?? ''} />
          </>
        )}
      </Field>
    );
  }
  return function ChoiceField(props) {
    return (
      <FaultBoundary>
        <Suspense fallback={<Field {...props}>{({ id }) => <input id={id} className="input" disabled />}</Field>}>
          <Loaded {...props} />
        </Suspense>
      </FaultBoundary>
    );
  };
}
