import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { isEnded } from '../state.ts';
import { ActButton, MoreActs } from './ActButtons.tsx';
import { ActDialog } from './ActDialog.tsx';
import { type ActName, actNames } from './acts.ts';

export interface ExecutionActsProps {
  readonly tenant: string;
  readonly execution: {
    readonly id: string;
    readonly executionId: string;
    readonly state: string;
    readonly viewerPermissions: readonly string[];
  };
}

/** The acts that one most likely wants in a state. */
const firstOf = (state: string): readonly ActName[] => {
  if (state === 'PAUSED' || state === 'BREAKPOINT') return ['resume', 'kill'];
  if (state === 'QUEUED') return ['unqueue', 'kill'];
  return isEnded(state) ? ['restart', 'replay'] : ['pause', 'kill'];
};

/** What can be done to one execution. */
export function ExecutionActs({ tenant, execution }: ExecutionActsProps) {
  const navigate = useNavigate();
  const [act, setAct] = useState<ActName>();
  const first = firstOf(execution.state);
  const rows = [execution];
  return (
    <>
      {first.map((name) => (
        <ActButton key={name} name={name} rows={rows} onPress={setAct} />
      ))}
      <MoreActs names={actNames.filter((name) => !first.includes(name))} rows={rows} onPress={setAct} />
      {act && (
        <ActDialog
          act={act}
          tenant={tenant}
          target={{ rows }}
          done={([result]) => {
            const created = result?.execution?.executionId;
            if (act === 'replay' && created !== undefined && created !== execution.executionId)
              void navigate({ to: '/t/$tenant/executions/$execution', params: { tenant, execution: created } });
          }}
          close={() => setAct(undefined)}
        />
      )}
    </>
  );
}
