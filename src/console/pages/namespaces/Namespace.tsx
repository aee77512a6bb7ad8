import { useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { type ReactNode, Suspense, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { EditAndDelete } from '../../access/EditAndDelete.tsx';
import { needs } from '../../access/viewer.ts';
import type { NamespaceDeleteMutation } from '../../generated/NamespaceDeleteMutation.graphql.ts';
import type { NamespaceQuery } from '../../generated/NamespaceQuery.graphql.ts';
import type { NamespaceUpdateMutation } from '../../generated/NamespaceUpdateMutation.graphql.ts';
import { lazyPart } from '../../relay/lazy.tsx';
import { useAnswer } from '../../relay/query.ts';
import { Absent } from '../../ui/Absent.tsx';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { Activity } from '../../ui/events/Activity.tsx';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { SelectField, TextField } from '../../ui/fields.tsx';
import { Page } from '../../ui/Page.tsx';
import { Skeleton } from '../../ui/Skeleton.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { toast } from '../../ui/toast.ts';
import { useTenant } from '../tenant.ts';
import { CreateNamespace } from './CreateNamespace.tsx';
import { KeyValues } from './KeyValues.tsx';
import { NamespaceAccess } from './NamespaceAccess.tsx';
import { NamespaceFlows } from './NamespaceFlows.tsx';
import { NamespaceOverview } from './NamespaceOverview.tsx';
import { PluginDefaults } from './PluginDefaults.tsx';
import { Secrets } from './Secrets.tsx';
import { Variables } from './Variables.tsx';

const query = graphql`
  query NamespaceQuery($tenant: String!, $name: String!) {
    tenant(key: $tenant) {
      namespace(name: $name) {
        id
        name
        description
        declared
        workerGroupKey
        workerGroupFallback
        viewerPermissions
      }
    }
  }
`;

export const updateNamespace = graphql`
  mutation NamespaceUpdateMutation($input: UpdateNamespaceInput!) {
    updateNamespace(input: $input) {
      namespace {
        id
      }
    }
  }
`;

const remove = graphql`
  mutation NamespaceDeleteMutation($input: DeleteNamespaceInput!) {
    deleteNamespace(input: $input) {
      deletedId
    }
  }
`;

type Answer = NonNullable<NonNullable<NamespaceQuery['response']['tenant']>['namespace']>;

/** What all parts of the page know of the namespace. */
export interface NamespacePart {
  readonly tenant: string;
  readonly namespace: Answer;
  /** Why nothing can be set in it; undefined if it is created. */
  readonly why: string | undefined;
}

const Files = lazyPart(async () => (await import('../../ui/files/Files.tsx')).Files);

interface Tab {
  readonly tab: string | undefined;
  readonly title: string;
  readonly part: (props: NamespacePart) => ReactNode;
}

const tabs: readonly Tab[] = [
  { tab: undefined, title: 'Overview', part: (props) => <NamespaceOverview {...props} /> },
  { tab: 'flows', title: 'Flows', part: (props) => <NamespaceFlows {...props} /> },
  { tab: 'variables', title: 'Variables', part: (props) => <Variables {...props} /> },
  { tab: 'defaults', title: 'Plugin defaults', part: (props) => <PluginDefaults {...props} /> },
  { tab: 'secrets', title: 'Secrets', part: (props) => <Secrets {...props} /> },
  { tab: 'values', title: 'Key-value store', part: (props) => <KeyValues {...props} /> },
  {
    tab: 'files',
    title: 'Files',
    part: ({ tenant, namespace }) => <Files tenant={tenant} namespace={namespace.name} />,
  },
  { tab: 'access', title: 'Access', part: (props) => <NamespaceAccess {...props} /> },
  {
    tab: 'activity',
    title: 'Activity',
    part: ({ tenant, namespace }) => <Activity tenant={tenant} object={namespace.id} />,
  },
];

const implied = 'It is implied by what it holds. Create it first.';
const fallbacks = [
  { value: 'WAIT', title: 'Wait' },
  { value: 'FAIL', title: 'Fail' },
  { value: 'CANCEL', title: 'Cancel' },
];

/** A namespace: what it holds, what it sets for what is below it, and who has access. */
export function Namespace() {
  const tenant = useTenant();
  const { namespace } = useParams({ from: '/t/$tenant/namespaces/$namespace' });
  return <Loaded key={namespace} tenant={tenant} name={namespace} />;
}

function Loaded({ tenant: key, name }: { tenant: string; name: string }) {
  const { tab } = useSearch({ from: '/t/$tenant/namespaces/$namespace' });
  const navigate = useNavigate();
  const [open, setOpen] = useState<'create' | 'edit' | 'delete'>();
  const close = () => setOpen(undefined);
  const { tenant } = useAnswer<NamespaceQuery>(query, { tenant: key, name });
  const parts = name.split('.');
  const crumbs = [
    { title: key },
    { title: 'Namespaces', to: `/t/${key}/namespaces` },
    ...parts.slice(0, -1).map((title, i) => ({
      title,
      to: `/t/${key}/namespaces/${parts.slice(0, i + 1).join('.')}`,
    })),
  ];
  const namespace = tenant?.namespace;
  if (!namespace) return <Absent kind="Namespace" icon="ns" crumbs={crumbs} />;
  const shown = tabs.find((one) => one.tab === tab) ?? tabs[0]!;
  const { id, description, declared } = namespace;
  return (
    <Page
      title={name}
      crumbs={crumbs}
      beside={
        declared ? (
          description && <span className="quiet cut p2">{description}</span>
        ) : (
          <span className="badge">Implied</span>
        )
      }
      actions={
        declared ? (
          <EditAndDelete
            needs={{ edit: needs.updateNamespace, delete: needs.deleteNamespace }}
            viewerPermissions={namespace.viewerPermissions}
            onPress={setOpen}
          />
        ) : (
          <ActionButton
            permission={needs.createNamespace}
            icon="plus"
            className="primary"
            onPress={() => setOpen('create')}
          >
            Create it
          </ActionButton>
        )
      }
      tabs={tabs.map((one) => <TabLink key={one.title} title={one.title} tab={one.tab} open={shown.tab} />)}
    >
      <Suspense key={shown.title} fallback={<Skeleton />}>
        {shown.part({ tenant: key, namespace, why: declared ? undefined : implied })}
      </Suspense>
      {open === 'create' && <CreateNamespace tenant={key} name={name} done={close} close={close} />}
      {open === 'edit' && (
        <FormDialog<NamespaceUpdateMutation>
          title={`Edit ${name}`}
          mutation={updateNamespace}
          submit="Save"
          inputOf={(values) => ({
            id,
            description: values.text('description') ?? null,
            workerGroupKey: values.text('workerGroupKey') ?? null,
            ...(values.text('workerGroupKey') !== undefined && {
              workerGroupFallback: values.text('workerGroupFallback') as 'WAIT',
            }),
          })}
          done={() => {
            close();
            toast('Namespace saved');
          }}
          close={close}
        >
          <TextField name="description" label="Description" value={description ?? ''} isOptional autoFocus />
          <TextField
            name="workerGroupKey"
            label="Worker group"
            value={namespace.workerGroupKey ?? ''}
            isOptional
            hint="Key of the group for work that names none."
          />
          <SelectField
            name="workerGroupFallback"
            label="While the group has no worker"
            value={namespace.workerGroupFallback ?? 'WAIT'}
            options={fallbacks}
          />
        </FormDialog>
      )}
      {open === 'delete' && (
        <ConfirmDialog<NamespaceDeleteMutation>
          title={`Delete ${name}`}
          mutation={remove}
          input={{ id }}
          submit="Delete"
          isDanger
          done={() => {
            toast(`Namespace ${name} deleted`);
            void navigate({ to: '/t/$tenant/namespaces', params: { tenant: key } });
          }}
          close={close}
        >
          <p>
            Its description, variables and plugin defaults are deleted. Flows and files are kept, and imply it further.
          </p>
        </ConfirmDialog>
      )}
    </Page>
  );
}
