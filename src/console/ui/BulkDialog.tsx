import { type ReactNode, useState } from 'react';
import { useRelayEnvironment } from 'react-relay/hooks';
import { commitMutation, type GraphQLTaggedNode, type MutationParameters } from 'relay-runtime';
import { faultsIn } from '../relay/fault.ts';
import { refresh } from '../relay/refresh.ts';
import { Dialog } from './Dialog.tsx';
import { Icon } from './Icon.tsx';

interface Item {
  readonly id: string;
  readonly name: string;
}

export interface BulkDialogProps {
  readonly title: string;
  readonly items: readonly Item[];
  readonly mutation: GraphQLTaggedNode;
  readonly inputOf: (id: string) => object;
  readonly submit: string;
  readonly isDanger?: boolean;
  /** Takes one from the list, before the start. */
  readonly remove?: (id: string) => void;
  readonly close: () => void;
  readonly children?: ReactNode;
}

type Result = 'done' | { readonly refused: string };

/** Does one act to many objects, and says of each how it went. */
export function BulkDialog(props: BulkDialogProps) {
  const { title, items, mutation, inputOf, submit, isDanger = false, remove, close, children } = props;
  const environment = useRelayEnvironment();
  const [results, setResults] = useState<Readonly<Record<string, Result>>>({});
  const [isBusy, setIsBusy] = useState(false);
  const [reason, setReason] = useState('');
  // The rows at the start: done ones leave the list.
  const [started, setStarted] = useState<readonly Item[]>();
  const all = started ?? items;
  const one = (id: string): Promise<Result> =>
    new Promise((resolve) =>
      commitMutation<MutationParameters>(environment, {
        mutation,
        variables: { input: { ...inputOf(id), ...(reason.trim() !== '' && { reason: reason.trim() }) } },
        onCompleted: () => resolve('done'),
        onError: (error) =>
          resolve({
            refused: faultsIn(error)
              .map(({ message }) => message)
              .join(' '),
          }),
      }),
    );
  const open = all.filter(({ id }) => results[id] !== 'done');
  const isTried = Object.keys(results).length > 0;
  const start = async () => {
    setIsBusy(true);
    setStarted(all);
    for (const { id } of open) {
      const result = await one(id);
      setResults((before) => ({ ...before, [id]: result }));
    }
    setIsBusy(false);
    refresh();
  };
  const count = all.length - open.length;
  return (
    <Dialog title={title} close={close}>
      {!isTried && children}
      {all.length > 0 && (
        <ul className="card list results" aria-label="Each one">
          {all.map(({ id, name }) => (
            <li key={id}>
              <span className="grow cut">{name}</span>
              <Shown result={results[id]} />
              {remove && !isTried && !isBusy && (
                <button
                  type="button"
                  className="btn plain icon sm"
                  aria-label={`Do not include ${name}`}
                  onClick={() => remove(id)}
                >
                  <Icon name="x" />
                </button>
              )}
            </li>
          ))}
        </ul>
      )}
      {isTried && (
        <p role="status" className="strong">
          {count} of {all.length} done
        </p>
      )}
      {!isTried && (
        <div className="field">
          <label htmlFor="bulk-reason">
            Reason <span className="quiet">(optional)</span>
          </label>
          <input id="bulk-reason" className="input" value={reason} onChange={({ target }) => setReason(target.value)} />
        </div>
      )}
      <div className="row form-foot">
        {open.length > 0 && (
          <button
            type="button"
            className={`btn ${isDanger ? 'danger solid' : 'primary'}`}
            disabled={isBusy}
            onClick={() => void start()}
          >
            {isBusy ? 'One moment…' : isTried ? `Try ${open.length} again` : submit}
          </button>
        )}
        <button type="button" className="btn" onClick={close}>
          {isTried ? 'Close' : 'Cancel'}
        </button>
      </div>
    </Dialog>
  );
}

function Shown({ result }: { result: Result | undefined }) {
  if (result === undefined) return null;
  if (result === 'done')
    return (
      <span className="state ok">
        <Icon name="st-success" />
        Done
      </span>
    );
  return (
    <span className="state fail">
      <Icon name="refuse" />
      <span className="wrap">{result.refused}</span>
    </span>
  );
}
