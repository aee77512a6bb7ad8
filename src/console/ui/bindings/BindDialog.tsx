import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { BindDialogMutation } from '../../generated/BindDialogMutation.graphql.ts';
import { DryRun } from '../ConfirmDialog.tsx';
import { NamespaceField, RoleField, SubjectField } from '../choices.ts';
import { FormDialog } from '../FormDialog.tsx';
import { Icon } from '../Icon.tsx';
import { toast } from '../toast.ts';

const bind = graphql`
  mutation BindDialogMutation($input: CreateBindingsInput!) {
    createBindings(input: $input) {
      results {
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

interface Fixed {
  readonly id: string;
  readonly title: string;
}

export interface BindDialogProps {
  readonly tenant: string;
  readonly subject?: Fixed | undefined;
  readonly role?: Fixed | undefined;
  /** The namespace that is chosen first. */
  readonly place?: string | undefined;
  readonly close: () => void;
}

/** Gives a role, after it shows who gains what. */
export function BindDialog({ tenant, subject, role, place, close }: BindDialogProps) {
  const [who, setWho] = useState(subject?.id);
  const [what, setWhat] = useState(role?.id);
  const [where, setWhere] = useState(place);
  const [fault, setFault] = useState<string>();
  const isComplete = who !== undefined && what !== undefined;
  const input = {
    tenantKey: tenant,
    bindings: [{ subject: who ?? '', role: what ?? '', ...(where !== undefined && { namespaceName: where }) }],
  };
  return (
    <FormDialog<BindDialogMutation>
      title={subject ? `Give ${subject.title} a role` : role ? `Give the role ${role.title}` : 'Give a role'}
      mutation={bind}
      submit="Give the role"
      isDisabled={!isComplete}
      inputOf={() => input}
      done={({ createBindings }) => {
        const refused = createBindings?.results[0]?.error?.message;
        setFault(refused);
        if (refused !== undefined) return;
        close();
        toast('Role given');
      }}
      close={close}
    >
      {!subject && (
        <SubjectField
          tenant={tenant}
          name="subject"
          label="Who"
          placeholder="A user, a group or a service account"
          value={who}
          choose={setWho}
        />
      )}
      {!role && (
        <RoleField tenant={tenant} name="role" label="Role" placeholder="Choose a role" value={what} choose={setWhat} />
      )}
      <NamespaceField
        tenant={tenant}
        name="namespaceName"
        label="Where"
        isOptional
        placeholder="The whole tenant"
        hint="In a namespace, it holds for all below it too."
        value={where}
        choose={setWhere}
      />
      {isComplete && (
        <section className="stack tight" aria-label="What this would change">
          <div className="section">
            <h2>What this would change</h2>
            <span className="badge run">Dry run</span>
          </div>
          <DryRun<BindDialogMutation>
            mutation={bind}
            input={input}
            impactOf={(answer) => answer.createBindings?.impact}
          />
        </section>
      )}
      {fault !== undefined && (
        <div className="note fail" role="alert">
          <Icon name="refuse" />
          <div>{fault}</div>
        </div>
      )}
    </FormDialog>
  );
}
