import { useNavigate } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import { useViewer } from '../../access/viewer.ts';
import type { FirstTenantBindMutation } from '../../generated/FirstTenantBindMutation.graphql.ts';
import type { FirstTenantGrantMutation } from '../../generated/FirstTenantGrantMutation.graphql.ts';
import type { FirstTenantMutation } from '../../generated/FirstTenantMutation.graphql.ts';
import { useAct } from '../../relay/act.ts';
import { Faults } from '../../ui/Faults.tsx';
import { ActForm } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { Page } from '../../ui/Page.tsx';
import { toast } from '../../ui/toast.ts';

const create = graphql`
  mutation FirstTenantMutation($input: CreateTenantInput!) {
    createTenant(input: $input) {
      tenant {
        id
        key
        roles(first: 10, where: { managed: true }) {
          nodes {
            id
            name
          }
        }
      }
    }
  }
`;
const grant = graphql`
  mutation FirstTenantGrantMutation($input: GrantTenantAccessInput!) {
    grantTenantAccess(input: $input) {
      user {
        id
      }
    }
  }
`;
const bind = graphql`
  mutation FirstTenantBindMutation($input: CreateBindingsInput!) {
    createBindings(input: $input) {
      results {
        error {
          message
        }
      }
    }
  }
`;

/** The start of an empty store: a super admin creates the first tenant, and becomes its Admin. */
export function FirstTenant() {
  const { id, name } = useViewer();
  const navigate = useNavigate();
  const granting = useAct<FirstTenantGrantMutation>(grant);
  const binding = useAct<FirstTenantBindMutation>(bind);
  const created = async ({ createTenant }: FirstTenantMutation['response']) => {
    const tenant = createTenant?.tenant;
    const admin = tenant?.roles?.nodes.find((role) => role.name === 'Admin');
    if (!tenant || !admin || id === undefined) return;
    const isIn = await granting.run({ tenantKey: tenant.key, username: name, withDefaultRole: false });
    if (!isIn) return;
    const isAdmin = await binding.run({ tenantKey: tenant.key, bindings: [{ subject: id, role: admin.id }] });
    if (!isAdmin) return;
    toast(`Tenant ${tenant.key} created`);
    void navigate({ to: '/t/$tenant/welcome', params: { tenant: tenant.key } });
  };
  return (
    <Page title="Welcome">
      <div className="body stack">
        <p className="second">
          This gateway has no tenant yet. A tenant holds the flows, the people and the rights of one organisation. You
          become its Admin.
        </p>
        <div className="form read">
          <ActForm<FirstTenantMutation>
            mutation={create}
            submit="Create the tenant"
            hasReason={false}
            inputOf={(values) => ({
              key: values.text('key') ?? '',
              ...(values.text('name') !== undefined && { name: values.text('name') }),
            })}
            done={(answer) => void created(answer)}
          >
            <TextField
              name="key"
              label="Key"
              value="main"
              hint="Lower-case letters, digits and dashes. It is part of every address, and cannot be changed."
              autoFocus
            />
            <TextField name="name" label="Name" isOptional hint="Such as the name of your company." />
          </ActForm>
          <Faults faults={[...granting.faults, ...binding.faults]} />
        </div>
      </div>
    </Page>
  );
}
