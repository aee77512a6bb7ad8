import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useRights, useViewer } from '../../access/viewer.ts';
import type { grantMutation } from '../../generated/grantMutation.graphql.ts';
import { Dialog } from '../../ui/Dialog.tsx';
import { ActForm } from '../../ui/FormDialog.tsx';
import { CheckField, TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';
import { grant } from './grant.ts';
import { NewUser } from './NewUser.tsx';

const kindTitles = {
  known: 'Existing',
  'of-tenant': 'New in this tenant',
  'of-instance': 'New in the instance',
};
type Kind = keyof typeof kindTitles;

/** Gives a known user access to the tenant, or creates one: of the tenant, or of the instance. */
export function AddUser({ tenant, close }: { tenant: string; close: () => void }) {
  const may = useRights();
  const { superAdmin } = useViewer();
  const [kind, setKind] = useState<Kind>('known');
  // TENANT_USER:CREATE in a tenant counts as USER:CREATE for the users of this tenant.
  const mayAtInstance = superAdmin || (may('USER:CREATE', 'instance') && !may('TENANT_USER:CREATE'));
  const kinds = [
    'known' as const,
    ...(may('TENANT_USER:CREATE') ? ['of-tenant' as const] : []),
    ...(mayAtInstance ? ['of-instance' as const] : []),
  ];
  const navigate = useNavigate();
  const added = (user: string | undefined, hasGroups = false) => {
    close();
    toast('User added', hasGroups ? 'They have access by their groups.' : 'Give them a role next.');
    if (user !== undefined) void navigate({ to: '/t/$tenant/users/$user', params: { tenant, user } });
  };
  return (
    <Dialog title="Add a user" close={close}>
      {kinds.length > 1 && (
        <fieldset className="segments" aria-label="Which user">
          {kinds.map((one) => (
            <button key={one} type="button" className="btn" aria-pressed={one === kind} onClick={() => setKind(one)}>
              {kindTitles[one]}
            </button>
          ))}
        </fieldset>
      )}
      {kind !== 'known' ? (
        <NewUser key={kind} tenant={tenant} isOfTenant={kind === 'of-tenant'} added={added} cancel={close} />
      ) : (
        <ActForm<grantMutation>
          mutation={grant}
          submit="Give access"
          inputOf={(values) => ({
            tenantKey: tenant,
            username: values.text('username') ?? '',
            withDefaultRole: values.isOn('withDefaultRole'),
          })}
          done={({ grantTenantAccess }) => added(grantTenantAccess?.user?.id)}
          cancel={close}
        >
          <TextField
            name="username"
            label="User name"
            hint="Exactly as it is. A person without an account can be invited instead."
            autoFocus
          />
          <CheckField name="withDefaultRole" label="Also the default role of the tenant" isChecked />
        </ActForm>
      )}
    </Dialog>
  );
}
