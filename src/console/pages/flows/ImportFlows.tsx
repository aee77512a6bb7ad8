import { type DragEvent, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { ImportFlowsMutation } from '../../generated/ImportFlowsMutation.graphql.ts';
import { Dialog } from '../../ui/Dialog.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { sizeInWords } from '../../ui/files/size.ts';
import { Icon } from '../../ui/Icon.tsx';

const importFlows = graphql`
  mutation ImportFlowsMutation($input: ImportFlowsInput!) {
    importFlows(input: $input) {
      results {
        path
        document
        outcome
        error {
          message
        }
        flow {
          id
          namespaceName
          flowId
          revision
        }
      }
    }
  }
`;

interface File {
  readonly path: string;
  readonly source: string;
}
type Result = NonNullable<ImportFlowsMutation['response']['importFlows']>['results'][number];

const outcomes: Readonly<Record<string, string>> = { CREATED: 'Created', UPDATED: 'Updated', UNCHANGED: 'Unchanged' };
const isYaml = (name: string): boolean => /\.ya?ml$/i.test(name);

/** Saves the flows of YAML files, and says of each how it went. */
export function ImportFlows({ tenant, close }: { tenant: string; close: () => void }) {
  const [files, setFiles] = useState<readonly File[]>([]);
  const [left, setLeft] = useState<readonly string[]>([]);
  const [results, setResults] = useState<readonly Result[]>();
  const [isOver, setIsOver] = useState(false);
  const add = async (list: FileList | null) => {
    const given = [...(list ?? [])];
    const read = await Promise.all(
      given
        .filter(({ name }) => isYaml(name))
        .map(async (file) => ({ path: file.webkitRelativePath || file.name, source: await file.text() })),
    );
    setFiles((before) => [...before.filter(({ path }) => !read.some((one) => one.path === path)), ...read]);
    setLeft(given.filter(({ name }) => !isYaml(name)).map(({ name }) => name));
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setIsOver(false);
    void add(event.dataTransfer.files);
  };
  if (results) return <Results results={results} close={close} />;
  return (
    <FormDialog<ImportFlowsMutation>
      title="Import flows"
      isWide
      mutation={importFlows}
      submit={files.length === 0 ? 'Import' : files.length === 1 ? 'Import 1 file' : `Import ${files.length} files`}
      isDisabled={files.length === 0}
      inputOf={() => ({ tenantKey: tenant, files: [...files] })}
      done={({ importFlows: answer }) => setResults(answer?.results ?? [])}
      close={close}
    >
      <section
        aria-label="Files to import"
        className={`drop ${isOver ? 'over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault();
          setIsOver(true);
        }}
        onDragLeave={() => setIsOver(false)}
        onDrop={drop}
      >
        <Icon name="up" />
        <label htmlFor="import-files">Drop YAML files here, or choose them</label>
        <input
          id="import-files"
          className="input file"
          type="file"
          accept=".yaml,.yml"
          multiple
          onChange={({ target }) => void add(target.files)}
        />
      </section>
      <p className="hint">A file can hold several flows, separated by ---. A flow that exists gets a new revision.</p>
      {left.length > 0 && (
        <div className="note warn">
          <Icon name="alert" />
          <div>Not a YAML file: {left.join(', ')}.</div>
        </div>
      )}
      {files.length > 0 && (
        <ul className="card list results" aria-label="Files">
          {files.map(({ path, source }) => (
            <li key={path}>
              <span className="grow cut">{path}</span>
              <span className="quiet">{sizeInWords(source.length)}</span>
              <button
                type="button"
                className="btn plain icon sm"
                aria-label={`Do not import ${path}`}
                onClick={() => setFiles(files.filter((one) => one.path !== path))}
              >
                <Icon name="x" />
              </button>
            </li>
          ))}
        </ul>
      )}
    </FormDialog>
  );
}

function Results({ results, close }: { results: readonly Result[]; close: () => void }) {
  const saved = results.filter(({ error }) => !error).length;
  return (
    <Dialog title="Import flows" close={close} isWide>
      <p role="status" className="strong">
        {saved} of {results.length} flows saved
      </p>
      <ul className="card list results" aria-label="Each flow">
        {results.map(({ path, document, outcome, error, flow }) => (
          <li key={`${path} ${document}`}>
            <span className="grow cut">
              {flow ? `${flow.namespaceName}/${flow.flowId}` : path}
              {flow && <span className="quiet"> {path}</span>}
            </span>
            {error ? (
              <span className="state fail">
                <Icon name="refuse" />
                <span className="wrap">{error.message}</span>
              </span>
            ) : (
              <span className="state ok">
                <Icon name="st-success" />
                {outcomes[outcome ?? ''] ?? 'Saved'}
                {flow && ` as revision ${flow.revision}`}
              </span>
            )}
          </li>
        ))}
      </ul>
      <div className="row form-foot">
        <button type="button" className="btn primary" onClick={close}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
