import { Suspense, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { inputsOf } from '../../access/permissions.ts';
import type { CreateTokenCatalogQuery } from '../../generated/CreateTokenCatalogQuery.graphql.ts';
import type { CreateTokenMutation } from '../../generated/CreateTokenMutation.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { CheckField, SelectField, TextField } from '../../ui/fields.tsx';
import { Matrix } from '../../ui/Matrix.tsx';
import { Skeleton } from '../../ui/Skeleton.tsx';
import { TokenSecret } from './TokenSecret.tsx';

const create = graphql`
  mutation CreateTokenMutation($input: CreateApiTokenInput!) {
    createApiToken(input: $input) {
      fullToken
    }
  }
`;

const catalogQuery = graphql`
  query CreateTokenCatalogQuery {
    permissionCatalog {
      resource
      permissions {
        action
        gates
        level
      }
    }
  }
`;

export interface CreateTokenProps {
  /** ID of the owner; undefined for the viewer. */
  readonly owner: string | undefined;
  readonly tenant: string;
  readonly close: () => void;
}

const lifetimes = [
  { value: 'P30D', title: '30 days' },
  { value: 'P7D', title: '7 days' },
  { value: 'P90D', title: '90 days' },
  { value: 'P365D', title: '1 year' },
  { value: '', title: 'Never' },
];

export function CreateToken({ owner, tenant, close }: CreateTokenProps) {
  const [secret, setSecret] = useState<{ readonly text: string | null | undefined }>();
  const [isLimited, setIsLimited] = useState(false);
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [maxAge, setMaxAge] = useState('P30D');
  if (secret) return <TokenSecret title="Your new token" token={secret.text} close={close} />;
  return (
    <FormDialog<CreateTokenMutation>
      title="Create an API token"
      isWide={isLimited}
      mutation={create}
      submit="Create"
      inputOf={(values) => {
        const age = values.text('maxAge');
        const namespaceName = values.text('namespaceName');
        return {
          name: values.text('name') ?? '',
          ...(owner !== undefined && { owner }),
          ...(values.text('description') !== undefined && { description: values.text('description')! }),
          ...(age !== undefined && { maxAge: age, extended: values.isOn('extended') }),
          ...(isLimited && {
            ceiling: [
              {
                tenantKey: tenant,
                ...(namespaceName !== undefined && { namespaceName }),
                permissions: inputsOf(chosen),
              },
            ],
          }),
        };
      }}
      done={(answer) => setSecret({ text: answer.createApiToken?.fullToken })}
      close={close}
    >
      <TextField name="name" label="Name" hint="What it is for, such as nightly-import." autoFocus />
      <TextField name="description" label="Description" isOptional />
      <div className="form-pair">
        <SelectField name="maxAge" label="Expires after" options={lifetimes} change={setMaxAge} />
        <SelectField
          name="limit"
          label="Can do"
          value="all"
          options={[
            { value: 'all', title: 'Everything its owner can do' },
            { value: 'some', title: `Chosen permissions in ${tenant}` },
          ]}
          change={(value) => setIsLimited(value === 'some')}
        />
      </div>
      {maxAge !== '' && (
        <CheckField name="extended" label="Extend it with each use" hint="An unused token still expires." />
      )}
      {isLimited && (
        <>
          <TextField
            name="namespaceName"
            label="Namespace"
            isOptional
            hint="Only there and below. Without one, in the whole tenant."
          />
          <Suspense fallback={<Skeleton />}>
            <Limit chosen={chosen} choose={setChosen} />
          </Suspense>
        </>
      )}
    </FormDialog>
  );
}

const none: ReadonlySet<string> = new Set();

function Limit({ chosen, choose }: { chosen: ReadonlySet<string>; choose: (chosen: ReadonlySet<string>) => void }) {
  const { permissionCatalog } = useAnswer<CreateTokenCatalogQuery>(catalogQuery, {});
  const readable = permissionCatalog.flatMap(({ resource, permissions }) =>
    permissions
      .filter(({ action, level }) => action === 'READ' && level !== 'INSTANCE')
      .map(({ action }) => `${resource}:${action}`),
  );
  return (
    <fieldset>
      <legend>Permissions</legend>
      <div className="row">
        <button type="button" className="btn sm" onClick={() => choose(new Set([...chosen, ...readable]))}>
          All to read
        </button>
        <button type="button" className="btn sm" onClick={() => choose(none)}>
          None
        </button>
        <span className="quiet">{chosen.size} chosen</span>
      </div>
      <Matrix
        catalog={permissionCatalog}
        before={chosen}
        after={chosen}
        toggle={(permission) => {
          const next = new Set(chosen);
          if (!next.delete(permission)) next.add(permission);
          choose(next);
        }}
      />
    </fieldset>
  );
}
