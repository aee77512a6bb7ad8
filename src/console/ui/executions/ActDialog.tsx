import { type ReactNode, useState } from 'react';
import type { Act } from '../../relay/act.ts';
import { FormDialog } from '../FormDialog.tsx';
import { SelectField, TextField } from '../fields.tsx';
import { ItemResults } from '../ItemResults.tsx';
import type { DeclaredInput } from '../inputs/declared.ts';
import { InputFields, inputsFrom } from '../inputs/InputFields.tsx';
import { lookOf } from '../state.ts';
import { toast } from '../toast.ts';
import { type ActName, actOf, type ExecutionAct } from './acts.ts';
import { labelsOf } from './labels.ts';
import { usePausedInputs } from './usePausedInputs.ts';

/** Executions by their IDs, or all that match a filter. */
export type Target =
  | { readonly rows: readonly { readonly id: string; readonly executionId: string }[] }
  | { readonly where: object; readonly count: number };

interface Result {
  readonly id: string;
  readonly error: { readonly message: string } | null | undefined;
  readonly execution: { readonly executionId: string } | null | undefined;
}

export interface Acted extends Act {
  readonly variables: { readonly input: object };
  readonly response: { readonly outcome: { readonly results: readonly Result[] } | null | undefined };
}

export interface ActDialogProps {
  readonly act: ActName;
  readonly tenant: string;
  readonly target: Target;
  readonly done?: (results: readonly Result[]) => void;
  readonly close: () => void;
}

/** The most executions of one request. */
const max = 1_000;
const ends = ['SUCCESS', 'WARNING', 'FAILED', 'CANCELLED'];
const afterQueue = ['RUNNING', 'CANCELLED', 'FAILED'];
const options = (states: readonly string[]) => states.map((value) => ({ value, title: lookOf(value).title }));

/** Asks before an act on executions, and says of each how it went. */
export function ActDialog({ act: name, tenant, target, done, close }: ActDialogProps) {
  const act = actOf(name);
  const inputs = usePausedInputs(act.asks === 'inputs' ? onlyOf(target) : undefined);
  const [results, setResults] = useState<readonly Result[]>();
  const count = 'rows' in target ? target.rows.length : Math.min(max, target.count);
  const what = wordsOf(target);
  const title = `${act.title}: ${what}`;
  if (results)
    return (
      <ItemResults
        title={title}
        names={results.map((one) => nameOf(one, target))}
        faults={results.map(({ error }) => error?.message)}
        close={close}
      />
    );
  return (
    <FormDialog<Acted>
      title={title}
      mutation={act.mutation}
      submit={count === 1 ? act.title : `${act.title} (${count.toLocaleString()})`}
      isDanger={act.isDanger === true}
      inputOf={(values) => ({
        tenantKey: tenant,
        ...('rows' in target ? { ids: target.rows.map(({ id }) => id) } : { where: target.where }),
        ...(act.asks === 'labels' && { labels: labelsOf(values.text('labels')) }),
        ...((act.asks === 'state' || act.asks === 'queue-state') && { state: values.text('state') }),
        ...(act.asks === 'inputs' && inputs && inputs.length > 0 && { inputs: inputsFrom(inputs, values) }),
      })}
      isDisabled={inputs === undefined}
      done={({ outcome }) => {
        const all = outcome?.results ?? [];
        done?.(all);
        if (all.length === 1 && all[0]?.error == null) {
          toast(`${act.title}: requested`, 'The engine carries it out. The state changes when it has.');
          close();
        } else setResults(all);
      }}
      close={close}
    >
      <p>{act.text}</p>
      {'where' in target && target.count > max && (
        <p className="quiet">
          {target.count.toLocaleString()} executions match. One request takes the first {max.toLocaleString()}. Repeat
          it for the others.
        </p>
      )}
      {fieldsOf(act, inputs ?? [])}
    </FormDialog>
  );
}

function fieldsOf({ asks }: ExecutionAct, inputs: readonly DeclaredInput[]): ReactNode {
  if (asks === 'labels')
    return <TextField name="labels" label="Labels" rows={3} hint="One on each line, as key:value." autoFocus />;
  if (asks === 'state') return <SelectField name="state" label="New state" options={options(ends)} />;
  if (asks === 'queue-state') return <SelectField name="state" label="New state" options={options(afterQueue)} />;
  if (asks === 'inputs' && inputs.length > 0) return <InputFields inputs={inputs} />;
  return null;
}

/** The ID of the only execution: the inputs of several can differ. */
const onlyOf = (target: Target): string | undefined =>
  'rows' in target && target.rows.length === 1 ? target.rows[0]?.id : undefined;

function wordsOf(target: Target): string {
  if ('where' in target) return `all ${target.count.toLocaleString()} that match`;
  const [first] = target.rows;
  return target.rows.length === 1 && first ? first.executionId : `${target.rows.length} executions`;
}

const nameOf = ({ id, execution }: Result, target: Target): string =>
  ('rows' in target && target.rows.find((row) => row.id === id)?.executionId) || execution?.executionId || id;
