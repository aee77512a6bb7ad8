import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import type { GraphQLTaggedNode } from 'relay-runtime';
import { type Act, useAct } from '../relay/act.ts';
import type { Fault } from '../relay/fault.ts';
import { Dialog } from './Dialog.tsx';
import { Faults } from './Faults.tsx';
import { IssuesContext, TextField } from './fields.tsx';

/** The values of a form: texts are trimmed, and undefined if they are empty. */
export interface Values {
  text(name: string): string | undefined;
  /** A password, as it was typed. */
  secret(name: string): string;
  all(name: string): string[];
  isOn(name: string): boolean;
}

const valuesOf = (form: HTMLFormElement): Values => {
  const data = new FormData(form);
  return {
    text: (name) => String(data.get(name) ?? '').trim() || undefined,
    secret: (name) => String(data.get(name) ?? ''),
    all: (name) => data.getAll(name).map(String),
    isOn: (name) => data.get(name) !== null,
  };
};

export interface FormProps<Operation extends Act> {
  readonly mutation: GraphQLTaggedNode;
  readonly inputOf: (values: Values) => Operation['variables']['input'];
  /** Variables next to the input. */
  readonly more?: Omit<Operation['variables'], 'input'>;
  readonly done: (answer: Operation['response'], values: Values) => void;
  readonly submit: string;
  readonly isDanger?: boolean;
  /** Closes the form without a change. */
  readonly cancel?: (() => void) | undefined;
  readonly cancelTitle?: string;
  /** False if the mutation takes no reason. */
  readonly hasReason?: boolean;
  /** True while the form cannot be sent. */
  readonly isDisabled?: boolean;
  readonly children?: ReactNode;
}

/** Faults of fields of this form by their names, and all the others. */
function split(faults: readonly Fault[], form: HTMLFormElement | null): [Record<string, string>, readonly Fault[]] {
  const byField: Record<string, string> = {};
  const others = faults.filter(({ issues = [] }) => {
    const own = issues.filter(({ path }) => form?.elements.namedItem(path.slice(1).join('.')) != null);
    for (const { path, message } of own) byField[path.slice(1).join('.')] = message;
    return issues.length === 0 || own.length < issues.length;
  });
  return [byField, others];
}

/** A form of one mutation. Faults of the input are at their fields, and what was typed stays. */
export function ActForm<Operation extends Act>(props: FormProps<Operation>) {
  const { mutation, inputOf, done, submit, isDanger = false, cancel, hasReason = true, isDisabled = false } = props;
  const { run, isBusy, faults } = useAct<Operation>(mutation);
  const form = useRef<HTMLFormElement>(null);
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set());
  const [issues, others] = split(faults, form.current);
  useEffect(() => form.current?.querySelector<HTMLElement>('[data-autofocus]')?.focus(), []);
  const send = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (isBusy) return;
    setChanged(new Set());
    const values = valuesOf(event.currentTarget);
    const reason = hasReason ? values.text('reason') : undefined;
    const answer = await run({ ...inputOf(values), ...(reason !== undefined && { reason }) }, props.more);
    if (answer !== undefined) done(answer, values);
  };
  const open = Object.fromEntries(Object.entries(issues).filter(([name]) => !changed.has(name)));
  return (
    <IssuesContext value={open}>
      <form
        ref={form}
        className="form"
        onSubmit={(event) => void send(event)}
        onChange={({ target }) => setChanged(new Set([...changed, (target as unknown as HTMLInputElement).name]))}
      >
        {props.children}
        {hasReason && <ReasonField />}
        <Faults faults={others} />
        <div className="row form-foot">
          <button
            type="submit"
            className={`btn ${isDanger ? 'danger solid' : 'primary'}`}
            disabled={isBusy || isDisabled}
          >
            {isBusy ? 'One moment…' : submit}
          </button>
          {cancel && (
            <button type="button" className="btn" onClick={cancel}>
              {props.cancelTitle ?? 'Cancel'}
            </button>
          )}
        </div>
      </form>
    </IssuesContext>
  );
}

export const ReasonField = () => (
  <TextField name="reason" label="Reason" isOptional hint="It is part of the audit log." />
);

export type FormDialogProps<Operation extends Act> = Omit<FormProps<Operation>, 'cancel'> & {
  readonly title: string;
  readonly isWide?: boolean;
  readonly close: () => void;
};

export function FormDialog<Operation extends Act>({
  title,
  isWide = false,
  close,
  ...form
}: FormDialogProps<Operation>) {
  return (
    <Dialog title={title} close={close} isWide={isWide}>
      <ActForm<Operation> {...form} cancel={close} />
    </Dialog>
  );
}
