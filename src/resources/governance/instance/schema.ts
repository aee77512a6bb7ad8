import {
  type Action,
  actions,
  entry,
  type Level,
  levelOf,
  type ResourceName,
  resourceNames,
} from '../../../access/catalog.ts';
import { builder } from '../../../graphql/builder.ts';
import { ActionEnum } from '../../../graphql/guarded.ts';
import { ResourceNameEnum } from '../../../graphql/resource-enum.ts';
import { pemOf, type VerifyingKey } from '../../../lib/signing.ts';

const LevelEnum = builder.enumType('PermissionLevel', {
  description: 'Where a permission can be held.',
  values: {
    INSTANCE: { value: 'instance', description: 'By super admins and instance bindings.' },
    TENANT: { value: 'tenant', description: 'By bindings of a whole tenant.' },
    NAMESPACE: {
      value: 'namespace',
      description: 'By bindings of a namespace and all below it, or of a whole tenant.',
    },
  },
});

const GateRef = builder.objectRef<{ resource: ResourceName; action: Action }>('PermissionInfo').implement({
  description: 'One permission and what it gates.',
  fields: (t) => ({
    action: t.field({ type: ActionEnum, description: 'To do what.', resolve: ({ action }) => action }),
    level: t.field({
      type: LevelEnum,
      description: 'Where it can be held.',
      resolve: ({ resource, action }): Level => levelOf(resource, action),
    }),
    gates: t.string({
      description: 'What it allows.',
      resolve: ({ resource, action }) => entry(resource).gates[action]!,
    }),
  }),
});

const ResourceInfo = builder.objectRef<{ resource: ResourceName }>('ResourceInfo').implement({
  description: 'One resource that roles can speak of.',
  fields: (t) => ({
    resource: t.field({ type: ResourceNameEnum, description: 'Which.', resolve: ({ resource }) => resource }),
    permissions: t.field({
      type: [GateRef],
      description: 'What there is to allow.',
      resolve: ({ resource }) =>
        actions.filter((action) => entry(resource).gates[action]).map((action) => ({ resource, action })),
    }),
  }),
});

builder.queryField('permissionCatalog', (t) =>
  t.field({
    type: [ResourceInfo],
    description: 'Each resource, its actions, where they can be held and what each gates.',
    access: 'signed-in',
    resolve: () => resourceNames.map((resource) => ({ resource })),
  }),
);

const LimitsRef = builder.objectRef<Record<string, number>>('Limits').implement({
  description: 'What one request may ask for.',
  fields: (t) => ({
    depth: t.int({ description: 'Greatest depth of fields.', resolve: ({ depth }) => depth! }),
    cost: t.int({ description: 'Greatest number of fields, page sizes multiplied.', resolve: ({ cost }) => cost! }),
    aliases: t.int({ description: 'Greatest number of aliases.', resolve: ({ aliases }) => aliases! }),
    directives: t.int({ description: 'Greatest number of directives.', resolve: ({ directives }) => directives! }),
    tokens: t.int({ description: 'Greatest number of tokens of a document.', resolve: ({ tokens }) => tokens! }),
    pageSize: t.int({ description: 'Greatest page.', resolve: ({ pageSize }) => pageSize! }),
    bodyBytes: t.int({ description: 'Greatest request body, in bytes.', resolve: ({ bodyBytes }) => bodyBytes! }),
    requestMs: t.int({
      description: 'Milliseconds until a request is given up.',
      resolve: ({ requestMs }) => requestMs!,
    }),
  }),
});

const AuditKey = builder.objectRef<VerifyingKey>('AuditKey').implement({
  description: 'A public key by which checkpoints of the audit log are verified.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'Which: checkpoints name it.' }),
    pem: t.string({ description: 'The Ed25519 public key, as PEM.', resolve: pemOf }),
  }),
});

const ServerInfo = builder.objectRef<{ id: string }>('ServerInfo').implement({
  description: 'What this gateway is.',
  fields: (t) => ({
    version: t.string({ description: 'Its version.', resolve: (_info, _args, { version }) => version }),
    store: t.string({ description: 'embedded or external.', resolve: (_info, _args, { storeKind }) => storeKind }),
    policySet: t.string({
      description: 'Fingerprint of its policies and their settings.',
      resolve: (_info, _args, { engine }) => engine.fingerprint,
    }),
    auditKeys: t.field({
      type: [AuditKey],
      description: 'By which checkpoints of the audit log are verified: the present one, then former ones.',
      resolve: (_info, _args, { keys }) => [...keys.signing],
    }),
    limits: t.field({
      type: LimitsRef,
      description: 'What one request may ask for.',
      resolve: (_info, _args, { limits }) => limits as unknown as Record<string, number>,
    }),
  }),
});

builder.queryField('serverInfo', (t) =>
  t.field({
    type: ServerInfo,
    description: 'What this gateway is.',
    access: 'signed-in',
    resolve: () => ({ id: 'server' }),
  }),
);
