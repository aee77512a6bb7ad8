import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs, useMay } from '../../access/viewer.ts';
import type { OpenFileDeleteMutation } from '../../generated/OpenFileDeleteMutation.graphql.ts';
import type { OpenFileSaveMutation } from '../../generated/OpenFileSaveMutation.graphql.ts';
import { ConfirmDialog } from '../ConfirmDialog.tsx';
import { TextEditor } from '../editor/TextEditor.tsx';
import { FormDialog } from '../FormDialog.tsx';
import { Time } from '../Time.tsx';
import { toast } from '../toast.ts';

const save = graphql`
  mutation OpenFileSaveMutation($input: PutNamespaceFileInput!) {
    putNamespaceFile(input: $input) {
      file {
        path
        content
        digest
      }
    }
  }
`;

const remove = graphql`
  mutation OpenFileDeleteMutation($input: DeleteNamespaceFileInput!) {
    deleteNamespaceFile(input: $input) {
      path
    }
  }
`;

export interface OpenFileProps {
  readonly tenant: string;
  readonly namespace: string;
  readonly file: {
    readonly path: string;
    readonly size: number;
    readonly updatedAt: string;
    /** Null for a binary file. */
    readonly content: string | null | undefined;
  };
}

/** Texts that are not saved, while the browser tab is open. */
const drafts = new Map<string, string>();

/** A file in the editor. */
export function OpenFile({ tenant, namespace, file }: OpenFileProps) {
  const navigate = useNavigate();
  const mayChange = useMay(needs.putNamespaceFile);
  const key = `${tenant} ${namespace} ${file.path}`;
  const [draft, setDraft] = useState(drafts.get(key));
  const [open, setOpen] = useState<'save' | 'delete'>();
  const close = () => setOpen(undefined);
  const saved = file.content ?? '';
  const change = (text: string | undefined) => {
    if (text === undefined || text === saved) drafts.delete(key);
    else drafts.set(key, text);
    setDraft(drafts.get(key));
  };
  const isChanged = draft !== undefined && draft !== saved;
  return (
    <>
      <div className="tools start">
        <b className="cut">{file.path}</b>
        {isChanged ? (
          <span className="badge warn">Not saved</span>
        ) : (
          <span className="quiet p2">
            <Time at={file.updatedAt} />
          </span>
        )}
        <span className="grow" />
        {isChanged && (
          <button type="button" className="btn sm" onClick={() => change(undefined)}>
            Discard
          </button>
        )}
        <ActionButton permission={needs.deleteNamespaceFile} className="sm danger" onPress={() => setOpen('delete')}>
          Delete…
        </ActionButton>
        <ActionButton
          permission={needs.putNamespaceFile}
          className="sm primary"
          icon="save"
          why={mayChange && !isChanged ? 'Nothing has changed.' : undefined}
          onPress={() => setOpen('save')}
        >
          Save…
        </ActionButton>
      </div>
      {file.content == null ? (
        <p className="body quiet">This file is not a text. Add it again to replace it.</p>
      ) : (
        <div className="files-text">
          <TextEditor
            label={`Content of ${file.path}`}
            value={draft ?? saved}
            change={change}
            isYaml={/\.ya?ml$/.test(file.path)}
            isReadOnly={!mayChange}
            save={() => isChanged && setOpen('save')}
          />
        </div>
      )}
      {open === 'save' && (
        <FormDialog<OpenFileSaveMutation>
          title={`Save ${file.path}`}
          mutation={save}
          submit="Save"
          inputOf={() => ({ tenantKey: tenant, namespaceName: namespace, path: file.path, content: draft ?? saved })}
          done={() => {
            close();
            drafts.delete(key);
            setDraft(undefined);
            toast('File saved');
          }}
          close={close}
        />
      )}
      {open === 'delete' && (
        <ConfirmDialog<OpenFileDeleteMutation>
          title={`Delete ${file.path}`}
          mutation={remove}
          input={{ tenantKey: tenant, namespaceName: namespace, path: file.path }}
          submit="Delete"
          isDanger
          done={() => {
            close();
            drafts.delete(key);
            toast('File deleted');
            void navigate({ to: '.', search: ((before: object) => ({ ...before, file: undefined })) as never });
          }}
          close={close}
        >
          <p>Flows that read it fail afterwards.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
