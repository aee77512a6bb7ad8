import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { parse, stringify } from 'yaml';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { NamespaceUpdateMutation } from '../../generated/NamespaceUpdateMutation.graphql.ts';
import type { PluginDefaultsQuery } from '../../generated/PluginDefaultsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { CheckField, TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';
import { EffectiveDefaults } from './EffectiveDefaults.tsx';
import { type NamespacePart, updateNamespace } from './Namespace.tsx';
import { SettingsTable } from './SettingsTable.tsx';

const query = graphql`
  query PluginDefaultsQuery($tenant: String!, $name: String!) {
    tenant(key: $tenant) {
      namespace(name: $name) {
        pluginDefaults {
          type
          forced
          values
        }
        inheritedPluginDefaults {
          type
          forced
          values
          namespaceName
        }
      }
    }
  }
`;

interface Default {
  readonly type: string;
  readonly forced: boolean;
  readonly values: unknown;
}

/** What is not a map stays a text, which the gateway refuses with its reason. */
function valuesOf(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return text;
  }
}

/** Values that tasks of a type have unless their flow sets others. Forced ones win over the flow. */
export function PluginDefaults({ tenant: key, namespace, why }: NamespacePart) {
  const { tenant } = useAnswer<PluginDefaultsQuery>(query, { tenant: key, name: namespace.name });
  const [editing, setEditing] = useState<Default | 'new'>();
  const [removing, setRemoving] = useState<Default>();
  const found = tenant?.namespace;
  if (!found) return <Empty icon="ns" title="You do not have permission to see plugin defaults" />;
  const mayUpdate = namespace.viewerPermissions.includes('UPDATE');
  const isSame = (a: Default, b: Default) => a.type === b.type && a.forced === b.forced;
  const others = (one: Default) =>
    found.pluginDefaults
      .filter((other) => !isSame(one, other))
      .map(({ type, forced, values }) => ({ type, forced, values }));
  const add = (
    <ActionButton
      permission={needs.updateNamespace}
      isAllowed={mayUpdate}
      why={why}
      icon="plus"
      className="sm primary"
      onPress={() => setEditing('new')}
    >
      Add a default
    </ActionButton>
  );
  const edited = editing === 'new' ? undefined : editing;
  return (
    <>
      <SettingsTable
        caption="Plugin defaults"
        tenant={key}
        here={namespace.name}
        add={add}
        rows={found.inheritedPluginDefaults.map((one) => ({
          key: one.type,
          origin: one.namespaceName,
          shown: (
            <>
              {one.forced && <span className="badge warn">forced</span>} <code>{JSON.stringify(one.values)}</code>
            </>
          ),
          acts: one.namespaceName === namespace.name && (
            <>
              <ActionButton
                permission={needs.updateNamespace}
                isAllowed={mayUpdate}
                className="sm"
                label={`Edit the default of ${one.type}`}
                onPress={() => setEditing(one)}
              >
                Edit
              </ActionButton>
              <ActionButton
                permission={needs.updateNamespace}
                isAllowed={mayUpdate}
                className="sm danger"
                icon="x"
                label={`Delete the default of ${one.type}`}
                onPress={() => setRemoving(one)}
              />
            </>
          ),
        }))}
        empty={
          <Empty icon="ns" title="No plugin defaults in effect">
            <p>Set values once that every task of a type has, such as the address of a database.</p>
            {add}
          </Empty>
        }
      />
      {found.inheritedPluginDefaults.length > 0 && <EffectiveDefaults tenant={key} namespace={namespace.name} />}
      {editing && (
        <FormDialog<NamespaceUpdateMutation>
          title={edited ? `Edit the default of ${edited.type}` : 'Add a plugin default'}
          mutation={updateNamespace}
          submit="Save"
          inputOf={(values) => {
            const next = {
              type: values.text('type') ?? '',
              forced: values.isOn('forced'),
              values: valuesOf(values.text('values') ?? ''),
            };
            const rest = edited
              ? others(edited)
              : found.pluginDefaults.map(({ type, forced, values: v }) => ({ type, forced, values: v }));
            return { id: namespace.id, pluginDefaults: [...rest, next] };
          }}
          done={() => {
            setEditing(undefined);
            toast('Plugin default saved');
          }}
          close={() => setEditing(undefined)}
        >
          <TextField
            name="type"
            label="Type"
            value={edited?.type ?? ''}
            hint="Of a task or trigger, or the start of it, such as io.kestra.plugin.jdbc."
            autoFocus
          />
          <TextField
            name="values"
            label="Values, as YAML"
            rows={6}
            value={edited ? stringify(edited.values) : ''}
            placeholder="url: jdbc:postgresql://db.example/orders"
          />
          <CheckField
            name="forced"
            label="Forced"
            isChecked={edited?.forced}
            hint="It wins over the values in a flow, and over namespaces below."
          />
        </FormDialog>
      )}
      {removing && (
        <ConfirmDialog<NamespaceUpdateMutation>
          title={`Delete the default of ${removing.type}`}
          mutation={updateNamespace}
          input={{ id: namespace.id, pluginDefaults: others(removing) }}
          submit="Delete"
          isDanger
          done={() => {
            setRemoving(undefined);
            toast('Plugin default deleted');
          }}
          close={() => setRemoving(undefined)}
        >
          <p>Tasks of this type have their own values only, and those of other defaults.</p>
        </ConfirmDialog>
      )}
    </>
  );
}
