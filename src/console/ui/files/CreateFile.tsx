import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { CreateFileMutation } from '../../generated/CreateFileMutation.graphql.ts';
import { BulkDialog } from '../BulkDialog.tsx';
import { Dialog } from '../Dialog.tsx';
import { FormDialog } from '../FormDialog.tsx';
import { TextField } from '../fields.tsx';
import { toast } from '../toast.ts';

const put = graphql`
  mutation CreateFileMutation($input: PutNamespaceFileInput!) {
    putNamespaceFile(input: $input) {
      file {
        path
      }
    }
  }
`;

export interface CreateFileProps {
  readonly tenant: string;
  readonly namespace: string;
  readonly close: () => void;
}

interface Chosen {
  readonly id: string;
  readonly name: string;
  readonly contentBase64: string;
}

const base64Of = (bytes: Uint8Array): string => {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8_192) text += String.fromCharCode(...bytes.subarray(i, i + 8_192));
  return btoa(text);
};

/** Adds files of this computer, or an empty one. A file with the same path is replaced. */
export function CreateFile({ tenant, namespace, close }: CreateFileProps) {
  const navigate = useNavigate();
  const [chosen, setChosen] = useState<readonly Chosen[]>();
  const [isNamed, setIsNamed] = useState(false);
  const read = async (files: FileList | null) =>
    setChosen(
      await Promise.all(
        [...(files ?? [])].map(async (file) => ({
          id: file.name,
          name: file.name,
          contentBase64: base64Of(new Uint8Array(await file.arrayBuffer())),
        })),
      ),
    );
  if (chosen && chosen.length > 0)
    return (
      <BulkDialog
        title={chosen.length === 1 ? 'Add a file' : `Add ${chosen.length} files`}
        items={chosen}
        mutation={put}
        inputOf={(path) => ({
          tenantKey: tenant,
          namespaceName: namespace,
          path,
          contentBase64: chosen.find(({ id }) => id === path)?.contentBase64,
        })}
        submit="Add"
        close={close}
      >
        <p>A file with the same path is replaced.</p>
      </BulkDialog>
    );
  if (isNamed)
    return (
      <FormDialog<CreateFileMutation>
        title="Create a file"
        mutation={put}
        submit="Create"
        inputOf={(values) => ({
          tenantKey: tenant,
          namespaceName: namespace,
          path: values.text('path') ?? '',
          content: '',
        })}
        done={(answer) => {
          close();
          toast('File created');
          const file = answer.putNamespaceFile?.file?.path;
          void navigate({ to: '.', search: ((before: object) => ({ ...before, file })) as never });
        }}
        close={close}
      >
        <TextField
          name="path"
          label="Path"
          hint="From the top of the namespace, such as queries/orders.sql."
          autoFocus
        />
      </FormDialog>
    );
  return (
    <Dialog title="Add files" close={close}>
      <div className="field">
        <label htmlFor="files-choice">Files of this computer</label>
        <input
          id="files-choice"
          className="input file"
          type="file"
          multiple
          onChange={({ target }) => void read(target.files)}
        />
      </div>
      <div className="row form-foot">
        <button type="button" className="btn" onClick={() => setIsNamed(true)}>
          Create an empty file
        </button>
        <button type="button" className="btn plain" onClick={close}>
          Cancel
        </button>
      </div>
    </Dialog>
  );
}
