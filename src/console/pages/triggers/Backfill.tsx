import { useNavigate, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { BackfillCreateMutation } from '../../generated/BackfillCreateMutation.graphql.ts';
import type { BackfillQuery } from '../../generated/BackfillQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { labelsOf } from '../../ui/executions/labels.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { declaredInputs } from '../../ui/inputs/declared.ts';
import { InputFields, inputsFrom } from '../../ui/inputs/InputFields.tsx';
import { inputValue, instantOf } from '../../ui/local-time.ts';
import { toast } from '../../ui/toast.ts';
import type { TriggerRow } from '../../ui/triggers/row.ts';
import { CurrentBackfill } from './CurrentBackfill.tsx';
import { Dates } from './Dates.tsx';
import type { TriggerSearch } from './search.ts';

const query = graphql`
  query BackfillQuery($id: ID!, $from: DateTime, $until: DateTime) {
    node(id: $id) {
      ... on Trigger {
        dates(first: 100, from: $from, until: $until) {
          dates
          hasMore
        }
        flow {
          inputs
        }
      }
    }
  }
`;

const create = graphql`
  mutation BackfillCreateMutation($input: CreateBackfillInput!) {
    createBackfill(input: $input) {
      trigger {
        id
        ...row_trigger
      }
    }
  }
`;

const dayMs = 86_400_000;
const minuteMs = 60_000;

/** Runs a schedule for past dates. Shows which dates these are before it starts. */
export function Backfill({ tenant, trigger }: { tenant: string; trigger: TriggerRow }) {
  const search: TriggerSearch = useSearch({ from: '/t/$tenant/triggers/$trigger' });
  const navigate = useNavigate();
  const [now] = useState(() => Math.floor(Date.now() / minuteMs) * minuteMs);
  const [isStarting, setIsStarting] = useState(false);
  const from = instantOf(search.from) ?? new Date(now - 7 * dayMs).toISOString();
  const until = instantOf(search.until) ?? new Date(now).toISOString();
  const { node } = useAnswer<BackfillQuery>(query, { id: trigger.id, from, until });
  const found = node?.dates;
  const inputs = declaredInputs(node?.flow?.inputs);
  const set = (values: object) =>
    void navigate({ to: '.', search: ((before: object) => ({ ...before, ...values })) as never, replace: true });
  return (
    <div className="body two">
      <div className="stack">
        {trigger.backfill && <CurrentBackfill tenant={tenant} trigger={trigger} />}
        <form
          className="form read"
          onSubmit={(event) => {
            event.preventDefault();
            const data = new FormData(event.currentTarget);
            set({ from: String(data.get('from')), until: String(data.get('until')) });
          }}
        >
          <div className="form-pair">
            <div className="field">
              <label htmlFor="backfill-from">From</label>
              <input
                id="backfill-from"
                className="input"
                type="datetime-local"
                name="from"
                required
                defaultValue={inputValue(from)}
                key={from}
              />
            </div>
            <div className="field">
              <label htmlFor="backfill-until">Until</label>
              <input
                id="backfill-until"
                className="input"
                type="datetime-local"
                name="until"
                required
                defaultValue={inputValue(until)}
                key={until}
              />
            </div>
          </div>
          <div className="row">
            <button type="submit" className="btn">
              Show the dates
            </button>
            <ActionButton
              permission={needs.createBackfill}
              icon="play"
              className="primary"
              why={
                trigger.backfill
                  ? 'A backfill runs. Delete it first.'
                  : found && found.dates.length === 0
                    ? 'No date is due in this time.'
                    : undefined
              }
              onPress={() => setIsStarting(true)}
            >
              Start a backfill…
            </ActionButton>
          </div>
          <p className="hint">Times are in the zone of this browser.</p>
        </form>
      </div>
      {found && <Dates title="It would run for" dates={found.dates} hasMore={found.hasMore} />}
      {isStarting && (
        <FormDialog<BackfillCreateMutation>
          title={`Backfill ${trigger.triggerId}`}
          mutation={create}
          submit="Start"
          inputOf={(values) => ({
            id: trigger.id,
            version: trigger.version,
            start: from,
            end: until,
            ...(inputs.length > 0 && { inputs: inputsFrom(inputs, values) }),
            ...(values.text('labels') !== undefined && { labels: labelsOf(values.text('labels')) }),
          })}
          done={() => {
            setIsStarting(false);
            toast('Backfill started');
          }}
          close={() => setIsStarting(false)}
        >
          <p>
            It starts {found?.hasMore ? 'more than ' : ''}
            {found?.dates.length} {found?.dates.length === 1 ? 'execution' : 'executions'}, one after the other.
          </p>
          <InputFields inputs={inputs} />
          <TextField name="labels" label="Labels" isOptional hint="Each as key:value, with commas between them." />
        </FormDialog>
      )}
    </div>
  );
}
