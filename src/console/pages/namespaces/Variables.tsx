import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { parse, stringify } from 'yaml';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { NamespaceUpdateMutation } from '../../generated/NamespaceUpdateMutation.graphql.ts';
import type { VariablesQuery } from '../../generated/VariablesQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';
import { type NamespacePart, updateNamespace } from './Namespace.tsx';
import { SettingsTable } from './SettingsTable.tsx';

const query = graphql`
  query VariablesQuery($tenant: String!, $name: String!) {
    tenant(key: $tenant) {
      namespace(name: $name) {
        variables
        inheritedVariables {
          key
          namespaceName
          value
        }
      }
    }
  }
`;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : stringify(value).trimEnd());

/** A text as YAML reads it: numbers, lists and maps keep their type. */
const yamlValue = (text: string): unknown => {
  try {
    return parse(text) ?? text;
  } catch {
    return text;
  }
};

/** The variables in effect, each with the namespace that sets it. */
export function Variables({ tenant: key, namespace, why }: NamespacePart) {
  const { tenant } = useAnswer<VariablesQuery>(query, { tenant: key, name: namespace.name });
  const [editing, setEditing] = useState<{ readonly key?: string; readonly value?: unknown }>();
  const [removing, setRemoving] = useState<string>();
  const found = tenant?.namespace;
  if (!found) return <Empty icon="ns" title="You do not have permission to see variables" />;
  const own = found.variables as Readonly<Record<string, unknown>>;
  const mayUpdate = namespace.viewerPermissions.includes('UPDATE');
  const add = (
    <ActionButton
      permission={needs.updateNamespace}
      isAllowed={mayUpdate}
      why={why}
      icon="plus"
      className="sm primary"
      onPress={() => setEditing({})}
    >
      Add a variable
    </ActionButton>
  );
  return (
    <>
      <SettingsTable
        caption="Variables"
        tenant={key}
        here={namespace.name}
        add={add}
        rows={found.inheritedVariables.map((one) => ({
          key: one.key,
          origin: one.namespaceName,
          shown: <code className="cut">{textOf(one.value)}</code>,
          acts: one.namespaceName === namespace.name && (
            <>
              <ActionButton
                permission={needs.updateNamespace}
                isAllowed={mayUpdate}
                className="sm"
                label={`Edit ${one.key}`}
                onPress={() => setEditing({ key: one.key, value: one.value })}
              >
                Edit
              </ActionButton>
              <ActionButton
                permission={needs.updateNamespace}
                isAllowed={mayUpdate}
                className="sm danger"
                icon="x"
                label={`Delete ${one.key}`}
                onPress={() => setRemoving(one.key)}
              />
            </>
          ),
        }))}
        empty={
          <Empty icon="ns" title="No variables in effect">
            <p>
              Flows here and below read a variable as <code>{'{{ namespace.NAME }}'}</code>.
            </p>
            {add}
          </Empty>
        }
      />
      {editing && (
        <FormDialog<NamespaceUpdateMutation>
          title={editing.key === undefined ? 'Add a variable' : `Edit ${editing.key}`}
          mutation={updateNamespace}
          submit="Save"
          inputOf={(values) => ({
            id: namespace.id,
            variables: { ...own, [editing.key ?? values.text('key') ?? '']: yamlValue(values.text('value') ?? '') },
          })}
          done={() => {
            setEditing(undefined);
            toast('Variable saved');
          }}
          close={() => setEditing(undefined)}
        >
          {editing.key === undefined && <TextField name="key" label="Name" autoFocus />}
          <TextField
            name="value"
            label="Value"
            rows={4}
            value={editing.value === undefined ? '' : textOf(editing.value)}
            hint="A text, a number, or YAML for a list or a map."
            autoFocus={editing.key !== undefined}
          />
        </FormDialog>
      )}
      {removing !== undefined && (
        <ConfirmDialog<NamespaceUpdateMutation>
          title={`Delete the variable ${removing}`}
          mutation={updateNamespace}
          input={{
            id: namespace.id,
            variables: Object.fromEntries(Object.entries(own).filter(([name]) => name !== removing)),
          }}
          submit="Delete"
          isDanger
          done={() => {
            setRemoving(undefined);
            toast('Variable deleted');
          }}
          close={() => setRemoving(undefined)}
        >
          <p>If a namespace above sets it, that value is in effect again. Else flows that read it fail.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
