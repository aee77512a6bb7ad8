import { type FormEvent, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { VerifyQuery } from '../../generated/VerifyQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Field, SelectField, TextField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Page } from '../../ui/Page.tsx';
import { useTenant } from '../tenant.ts';
import { exportAddress } from './ExportButton.tsx';
import { VerifyReport } from './VerifyReport.tsx';
import { type Report, verifyExport } from './verify/chain.ts';
import { checkpointsOf, keyOf } from './verify/crypto.ts';

const query = graphql`
  query VerifyQuery($tenant: String!) {
    serverInfo {
      auditKeys {
        id
        pem
      }
    }
    tenant(key: $tenant) {
      auditCheckpoint {
        seq
        at
        keyId
        statement
        signature
      }
    }
  }
`;

/** Proves, in the browser, that no event of the audit log was changed, removed or inserted. */
export function Verify() {
  const tenant = useTenant();
  return (
    <Page
      title="Verify the audit log"
      crumbs={[{ title: tenant }, { title: 'Audit log', to: `/t/${tenant}/audit-log` }]}
    >
      <Loaded tenant={tenant} />
    </Page>
  );
}

type State =
  | { readonly kind: 'running'; readonly events: number }
  | { readonly kind: 'done'; readonly report: Report }
  | { readonly kind: 'failed'; readonly message: string };

function Loaded({ tenant: key }: { tenant: string }) {
  const { serverInfo, tenant } = useAnswer<VerifyQuery>(query, { tenant: key });
  const [source, setSource] = useState('gateway');
  const [state, setState] = useState<State>();
  if (!tenant?.auditCheckpoint) return <Empty icon="chain" title="You do not have permission to see the audit log" />;
  const run = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    setState({ kind: 'running', events: 0 });
    try {
      if (!globalThis.crypto?.subtle)
        throw new Error(
          'The browser verifies only on a page with HTTPS. Use the command gatehouse audit verify instead.',
        );
      const own = String(data.get('key') ?? '').trim();
      const keys = await Promise.all((own === '' ? serverInfo.auditKeys.map(({ pem }) => pem) : [own]).map(keyOf));
      const kept = checkpointsOf(String(data.get('checkpoints') ?? ''));
      const file = data.get('file');
      const bytes = source === 'file' && file instanceof File ? file.stream() : await download(key);
      const report = await verifyExport(bytes, keys, kept, (events) => setState({ kind: 'running', events }));
      setState({ kind: 'done', report });
    } catch (error) {
      setState({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  };
  return (
    <div className="body two">
      <form className="form" onSubmit={(event) => void run(event)}>
        <p className="second">
          Each event holds the hash of the one before it. Your browser computes them all again, and checks the
          signatures of the gateway. Nothing is sent anywhere.
        </p>
        <SelectField
          name="source"
          label="What to verify"
          options={[
            { value: 'gateway', title: `The audit log of ${key}, from this gateway` },
            { value: 'file', title: 'An export that I have as a file' },
          ]}
          change={setSource}
        />
        {source === 'file' && (
          <Field name="file" label="Export" hint="NDJSON, of all events, without a filter.">
            {(attributes) => (
              <input {...attributes} type="file" className="input file" accept=".ndjson,.jsonl,.json" required />
            )}
          </Field>
        )}
        <TextField
          name="key"
          label="Public key"
          isOptional
          rows={3}
          placeholder="-----BEGIN PUBLIC KEY-----"
          hint="One that you kept elsewhere proves more than those that this gateway says now, which are used otherwise."
        />
        <TextField
          name="checkpoints"
          label="Checkpoints"
          isOptional
          rows={3}
          placeholder='{"kind":"checkpoint", …}'
          hint="One on each line, as the command gatehouse audit checkpoint prints them. They prove that the log was not rewritten since."
        />
        <div className="row form-foot">
          <button type="submit" className="btn primary" disabled={state?.kind === 'running'}>
            <Icon name="chain" />
            Verify
          </button>
        </div>
      </form>
      <div role="status">
        {state?.kind === 'running' && <p className="quiet">{state.events.toLocaleString()} events verified so far…</p>}
        {state?.kind === 'failed' && (
          <div className="note fail">
            <Icon name="alert" />
            <div>{state.message}</div>
          </div>
        )}
        {state?.kind === 'done' && <VerifyReport report={state.report} />}
        {state === undefined && (
          <dl className="facts">
            <dt>Newest event</dt>
            <dd>{Number(tenant.auditCheckpoint.seq).toLocaleString()}</dd>
            <dt>Keys of this gateway</dt>
            <dd>
              {serverInfo.auditKeys.map(({ id }) => (
                <code key={id}>{id} </code>
              ))}
            </dd>
          </dl>
        )}
      </div>
    </div>
  );
}

async function download(tenant: string): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const response = await fetch(exportAddress(tenant, 'ndjson', {}));
  if (!response.ok || !response.body) {
    const answer = (await response.json().catch(() => ({}))) as { errors?: { message: string }[] };
    throw new Error(answer.errors?.[0]?.message ?? `The gateway answered with status ${response.status}.`);
  }
  return response.body;
}
