import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { useViewer } from '../../access/viewer.ts';
import type { KillSwitchFormCreateMutation } from '../../generated/KillSwitchFormCreateMutation.graphql.ts';
import type {
  KillSwitchBehavior,
  KillSwitchFormUpdateMutation,
} from '../../generated/KillSwitchFormUpdateMutation.graphql.ts';
import { NamespaceField } from '../../ui/choices.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { SelectField, TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';
import { changedPeriod, newPeriod, type Period, PeriodFields } from './Period.tsx';

const create = graphql`
  mutation KillSwitchFormCreateMutation($input: CreateKillSwitchInput!) {
    createKillSwitch(input: $input) {
      killSwitch {
        id
      }
    }
  }
`;

export const updateKillSwitch = graphql`
  mutation KillSwitchFormUpdateMutation($input: UpdateKillSwitchInput!) {
    updateKillSwitch(input: $input) {
      killSwitch {
        id
      }
    }
  }
`;

const behaviors = [
  { value: 'HOLD', title: 'Hold: new executions wait, running ones continue' },
  { value: 'KILL', title: 'Kill: new executions are refused, running ones are killed' },
];

interface Fields extends Period {
  readonly title: string;
  readonly description: string | null | undefined;
  readonly behavior: string;
}

const SharedFields = ({ given }: { given?: Fields | undefined }) => (
  <>
    <SelectField name="behavior" label="What it does" options={behaviors} value={given?.behavior ?? 'HOLD'} />
    <PeriodFields period={given} />
    <TextField name="description" label="Description" isOptional value={given?.description ?? undefined} />
  </>
);

const TitleField = ({ given }: { given?: Fields | undefined }) => (
  <TextField
    name="title"
    label="Title"
    hint="Everyone who can see a stopped flow sees it."
    value={given?.title}
    autoFocus
  />
);

const scopes = {
  tenant: 'The whole tenant',
  namespace: 'A namespace and all below it',
  flow: 'One flow',
  instance: 'All tenants',
};
type Scope = keyof typeof scopes;

/** Creates a kill switch of the tenant, of a namespace, of a flow or of the instance. */
export function CreateKillSwitch({ tenant, close }: { tenant: string; close: () => void }) {
  const { superAdmin } = useViewer();
  const [scope, setScope] = useState<Scope>('tenant');
  const [namespace, setNamespace] = useState<string>();
  const inNamespace = scope === 'namespace' || scope === 'flow';
  return (
    <FormDialog<KillSwitchFormCreateMutation>
      title="Create a kill switch"
      mutation={create}
      submit="Create"
      isDanger
      isDisabled={inNamespace && namespace === undefined}
      inputOf={(values) => ({
        title: values.text('title') ?? '',
        behavior: values.text('behavior') as KillSwitchBehavior,
        ...(scope !== 'instance' && { tenantKey: tenant }),
        ...(inNamespace && { namespaceName: namespace }),
        ...(scope === 'flow' && { flowId: values.text('flowId') }),
        ...(values.text('description') !== undefined && { description: values.text('description') }),
        ...newPeriod(values),
      })}
      done={() => {
        close();
        toast('Kill switch created');
      }}
      close={close}
    >
      <TitleField />
      <SelectField
        name="scope"
        label="What it stops"
        value={scope}
        options={Object.entries(scopes)
          .filter(([value]) => value !== 'instance' || superAdmin)
          .map(([value, title]) => ({ value, title }))}
        change={(value) => setScope(value as Scope)}
      />
      {inNamespace && (
        <NamespaceField
          tenant={tenant}
          name="namespaceName"
          label="Namespace"
          placeholder="Choose a namespace"
          value={namespace}
          choose={setNamespace}
        />
      )}
      {scope === 'flow' && <TextField name="flowId" label="Flow" hint="ID of a flow of this namespace." />}
      <SharedFields />
    </FormDialog>
  );
}

export function EditKillSwitch({ given, close }: { given: Fields & { readonly id: string }; close: () => void }) {
  return (
    <FormDialog<KillSwitchFormUpdateMutation>
      title={`Edit ${given.title}`}
      mutation={updateKillSwitch}
      submit="Save"
      inputOf={(values) => ({
        id: given.id,
        title: values.text('title'),
        behavior: values.text('behavior') as KillSwitchBehavior,
        description: values.text('description') ?? null,
        ...changedPeriod(values, given),
      })}
      done={() => {
        close();
        toast('Kill switch saved');
      }}
      close={close}
    >
      <TitleField given={given} />
      <SharedFields given={given} />
    </FormDialog>
  );
}
