import { createContext, type ReactNode, useContext, useId } from 'react';
import { Icon } from './Icon.tsx';

/** Faults of the input that the gateway reported, by the name of the field. */
export const IssuesContext = createContext<Readonly<Record<string, string>>>({});

interface Attributes {
  readonly id: string;
  readonly name: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': boolean | undefined;
}

export interface FieldProps {
  /** As in the input of the mutation, so that a fault is shown at its field. */
  readonly name: string;
  readonly label: string;
  readonly hint?: ReactNode;
  readonly isOptional?: boolean;
}

/** A label, a control, its hint and its fault. */
export function Field(props: FieldProps & { readonly children: (attributes: Attributes) => ReactNode }) {
  const { name, label, hint, isOptional = false, children } = props;
  const id = useId();
  const issue = useContext(IssuesContext)[name];
  const described = [hint !== undefined && `${id}-hint`, issue !== undefined && `${id}-fault`]
    .filter(Boolean)
    .join(' ');
  return (
    <div className="field">
      <label htmlFor={id}>
        {label} {isOptional && <span className="quiet">(optional)</span>}
      </label>
      {children({
        id,
        name,
        'aria-describedby': described || undefined,
        'aria-invalid': issue !== undefined || undefined,
      })}
      {hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {issue !== undefined && (
        <p className="fault" id={`${id}-fault`} role="alert">
          <Icon name="alert" />
          <span>{issue}</span>
        </p>
      )}
    </div>
  );
}

export interface TextFieldProps extends FieldProps {
  readonly value?: string | undefined;
  readonly type?: 'text' | 'email' | 'password' | 'number' | 'date' | 'datetime-local';
  readonly rows?: number;
  readonly placeholder?: string;
  readonly autoComplete?: string;
  readonly autoFocus?: boolean;
  readonly inputMode?: 'numeric';
  readonly isReadOnly?: boolean;
  /** True for text in the font of code. */
  readonly isCode?: boolean;
}

export function TextField(props: TextFieldProps) {
  const { value, type = 'text', rows, placeholder, autoComplete = 'off', autoFocus = false, inputMode } = props;
  return (
    <Field {...props}>
      {(attributes) =>
        rows === undefined ? (
          <input
            {...attributes}
            className="input"
            type={type}
            defaultValue={value}
            placeholder={placeholder}
            autoComplete={autoComplete}
            inputMode={inputMode}
            readOnly={props.isReadOnly}
            required={!props.isOptional}
            data-autofocus={autoFocus || undefined}
            spellCheck={false}
          />
        ) : (
          <textarea
            {...attributes}
            className={`input ${props.isCode ? 'mono' : ''}`}
            rows={rows}
            defaultValue={value}
            placeholder={placeholder}
            required={!props.isOptional}
          />
        )
      }
    </Field>
  );
}

export interface SelectFieldProps extends FieldProps {
  readonly value?: string | undefined;
  readonly options: readonly { readonly value: string; readonly title: string }[];
  readonly change?: (value: string) => void;
}

export function SelectField({ value, options, change, ...field }: SelectFieldProps) {
  return (
    <Field {...field}>
      {(attributes) => (
        <span className="select">
          <select
            {...attributes}
            className="input"
            defaultValue={value}
            onChange={({ target }) => change?.(target.value)}
          >
            {options.map((option) => (
              <option key={option.value} value={option.value}>
                {option.title}
              </option>
            ))}
          </select>
          <Icon name="down" />
        </span>
      )}
    </Field>
  );
}

export interface CheckFieldProps {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly isChecked?: boolean | undefined;
  readonly value?: string;
  readonly change?: (isChecked: boolean) => void;
}

export function CheckField({ name, label, hint, isChecked = false, value, change }: CheckFieldProps) {
  const id = useId();
  return (
    <div className="check">
      <input
        id={id}
        type="checkbox"
        name={name}
        value={value}
        defaultChecked={isChecked}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onChange={({ target }) => change?.(target.checked)}
      />
      <label htmlFor={id}>{label}</label>
      {hint !== undefined && (
        <p className="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}
