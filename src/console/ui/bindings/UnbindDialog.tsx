import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { UnbindDialogMutation } from '../../generated/UnbindDialogMutation.graphql.ts';
import { ConfirmDialog } from '../ConfirmDialog.tsx';
import { ItemResults } from '../ItemResults.tsx';
import { toast } from '../toast.ts';
import { type Binding, placeOf, whoOf } from './BindingTable.tsx';

const remove = graphql`
  mutation UnbindDialogMutation($input: DeleteBindingsInput!) {
    deleteBindings(input: $input) {
      results {
        deletedId
        error {
          code
          message
        }
      }
      impact {
        ...Impact_impact
      }
    }
  }
`;

export interface UnbindDialogProps {
  readonly tenant: string;
  readonly bindings: readonly Binding[];
  readonly close: () => void;
}

/** Takes roles away, after it shows who loses what. */
export function UnbindDialog({ tenant, bindings, close }: UnbindDialogProps) {
  const [shown] = useState(bindings);
  const [results, setResults] = useState<readonly (string | undefined)[]>();
  const names = shown.map((one) => `${one.role?.name ?? 'A role'} of ${whoOf(one)} in ${placeOf(one)}`);
  if (results) return <ItemResults title="Bindings" names={names} faults={results} close={close} />;
  return (
    <ConfirmDialog<UnbindDialogMutation>
      title={shown.length === 1 ? 'Remove a binding' : `Remove ${shown.length} bindings`}
      mutation={remove}
      input={{ tenantKey: tenant, ids: shown.map(({ id }) => id) }}
      impactOf={(answer) => answer.deleteBindings?.impact}
      submit="Remove"
      isDanger
      done={({ deleteBindings }) => {
        const faults = (deleteBindings?.results ?? []).map(({ error }) => error?.message);
        if (faults.some((fault) => fault !== undefined)) return setResults(faults);
        close();
        toast(shown.length === 1 ? 'Binding removed' : `${shown.length} bindings removed`);
      }}
      close={close}
    >
      <ul className="card list results">
        {names.map((name) => (
          <li key={name}>{name}</li>
        ))}
      </ul>
    </ConfirmDialog>
  );
}
