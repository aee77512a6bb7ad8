import { Link } from '@tanstack/react-router';
import type { Column } from '../DataTable.tsx';
import { Ago } from '../Time.tsx';
import type { TriggerRow } from './row.ts';
import { TriggerMenu } from './TriggerMenu.tsx';
import { TriggerState } from './TriggerState.tsx';
import { whenInWords } from './words.ts';

/** The columns of every list of triggers. @param hasFlow false on the page of a flow. */
export const triggerColumns = (tenant: string, hasFlow = true): readonly Column<TriggerRow>[] => [
  {
    title: 'Trigger',
    className: 'main-cell',
    sort: 'TRIGGER_ID',
    cell: ({ id, triggerId, flowId, namespaceName }) => (
      <>
        <Link to="/t/$tenant/triggers/$trigger" params={{ tenant, trigger: id }}>
          {triggerId}
        </Link>
        {hasFlow && (
          <span className="sub">
            {flowId} <span className="p2">· {namespaceName}</span>
          </span>
        )}
      </>
    ),
  },
  { title: 'State', cell: (trigger) => <TriggerState trigger={trigger} /> },
  { title: 'When', className: 'fluid p2', cell: (trigger) => <span title={trigger.type}>{whenInWords(trigger)}</span> },
  {
    title: 'Next',
    className: 'p2',
    sort: 'NEXT_EXECUTION_AT',
    cell: ({ nextExecutionAt }) => (nextExecutionAt ? <Ago at={nextExecutionAt} /> : <span className="quiet">–</span>),
  },
  {
    title: 'Last',
    className: 'p3',
    sort: 'LAST_TRIGGERED_AT',
    cell: ({ lastTriggeredAt }) =>
      lastTriggeredAt ? <Ago at={lastTriggeredAt} /> : <span className="quiet">never</span>,
  },
  { title: 'Actions', className: 'end', cell: (trigger) => <TriggerMenu tenant={tenant} trigger={trigger} /> },
];
