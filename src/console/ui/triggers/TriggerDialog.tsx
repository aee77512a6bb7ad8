import { SelectField } from '../fields.tsx';
import { type ItemResult, ManyDialog } from '../ManyDialog.tsx';
import type { TriggerAct } from './acts.ts';
import type { TriggerRow } from './row.ts';

interface Acted {
  readonly variables: { readonly input: object };
  readonly response: { readonly outcome: { readonly results: readonly ItemResult[] } | null | undefined };
}

export interface TriggerDialogProps {
  readonly tenant: string;
  readonly act: TriggerAct;
  readonly triggers: readonly TriggerRow[];
  readonly done?: () => void;
  readonly close: () => void;
}

const missed = [
  { value: '', title: 'As the source says, else skip them' },
  { value: 'NONE', title: 'Skip them' },
  { value: 'LAST', title: 'Run the last one' },
  { value: 'ALL', title: 'Run all of them' },
];

/** One act on one or many triggers. Enabled schedules ask what happens with the dates that they missed. */
export function TriggerDialog({ tenant, act, triggers, done, close }: TriggerDialogProps) {
  const [only] = triggers;
  const isOne = triggers.length === 1 && only;
  const asksMissed = act.name === 'enable' && triggers.some(({ kind }) => kind === 'SCHEDULE');
  return (
    <ManyDialog<Acted>
      title={isOne ? `${act.title} ${only.triggerId}` : `${act.title} ${triggers.length} triggers`}
      names={triggers.map(({ namespaceName, flowId, triggerId }) => `${namespaceName} / ${flowId} / ${triggerId}`)}
      mutation={act.mutation}
      inputOf={(values) => ({
        tenantKey: tenant,
        triggers: triggers.map(({ id, version }) => ({ id, version })),
        ...act.more,
        ...(asksMissed &&
          values.text('recoverMissed') !== undefined && { recoverMissed: values.text('recoverMissed') }),
      })}
      resultsOf={({ outcome }) => outcome?.results}
      submit={act.title}
      isDanger={act.isDanger}
      doneTitle={isOne ? `${act.doneTitle}: ${only.triggerId}` : `${act.doneTitle}: ${triggers.length} triggers`}
      done={() => done?.()}
      close={close}
    >
      <p>{act.text}</p>
      {asksMissed && (
        <SelectField name="recoverMissed" label="Dates that it missed while it was off" value="" options={missed} />
      )}
    </ManyDialog>
  );
}
