import { graphql } from 'react-relay/hooks';
import { useMay } from '../../access/viewer.ts';
import type { TenantSettingsMutation } from '../../generated/TenantSettingsMutation.graphql.ts';
import type { TenantSettingsQuery } from '../../generated/TenantSettingsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { ActForm } from '../../ui/FormDialog.tsx';
import { CheckField, TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';

const query = graphql`
  query TenantSettingsQuery($tenant: String!) {
    tenant(key: $tenant) {
      settings {
        executionDays
        requireExistingNamespace
      }
    }
  }
`;

const update = graphql`
  mutation TenantSettingsMutation($input: UpdateTenantSettingsInput!) {
    updateTenantSettings(input: $input) {
      tenant {
        id
      }
    }
  }
`;

/** How long executions are kept, and where flows can be saved. */
export function TenantSettings({ tenant }: { tenant: string }) {
  const isHere = useTenant() === tenant;
  const mayUpdate = useMay('SETTING:UPDATE');
  const settings = useAnswer<TenantSettingsQuery>(query, { tenant }).tenant?.settings;
  if (!settings)
    return (
      <Empty icon="tenant" title="You do not have permission to see the settings">
        <p>
          It needs <code>SETTING:READ</code> in the whole tenant.
        </p>
      </Empty>
    );
  const { executionDays, requireExistingNamespace } = settings;
  // The permissions of the viewer are known for the tenant of the address. In another one, the gateway decides.
  if (isHere && !mayUpdate)
    return (
      <div className="body stack">
        <dl className="facts">
          <dt>Ended executions</dt>
          <dd>{executionDays == null ? 'kept as long as the gateway says' : `kept for ${executionDays} days`}</dd>
          <dt>Flows</dt>
          <dd>{requireExistingNamespace ? 'only in namespaces that were created' : 'in any namespace'}</dd>
        </dl>
        <p className="quiet">
          To change them, you need <code>SETTING:UPDATE</code> in the whole tenant.
        </p>
      </div>
    );
  return (
    <div className="body">
      <div className="form read">
        <ActForm<TenantSettingsMutation>
          key={`${executionDays} ${requireExistingNamespace}`}
          mutation={update}
          submit="Save"
          inputOf={(values) => ({
            tenantKey: tenant,
            executionDays: values.text('executionDays') === undefined ? null : Number(values.text('executionDays')),
            requireExistingNamespace: values.isOn('requireExistingNamespace'),
          })}
          done={() => toast('Settings saved')}
        >
          <TextField
            name="executionDays"
            label="Days to keep ended executions"
            type="number"
            isOptional
            value={executionDays == null ? undefined : String(executionDays)}
            hint="1 to 36,500. Empty for the setting of the gateway, which also limits it."
          />
          <CheckField
            name="requireExistingNamespace"
            label="Flows only in namespaces that were created"
            hint="A flow in another namespace is refused. Flows that exist are kept."
            isChecked={requireExistingNamespace}
          />
        </ActForm>
      </div>
    </div>
  );
}
