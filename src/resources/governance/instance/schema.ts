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
import { ServerInfoRef } from '../../../graphql/server-info-ref.ts';
import { pemOf, type VerifyingKey } from '../../../lib/signing.ts';

const LevelEnum = builder.enumType('PermissionLevel', {
  description: 'Level at which a permission applies.',
  values: {
    INSTANCE: { value: 'instance', description: 'Granted to super admins and by instance bindings.' },
    TENANT: { value: 'tenant', description: 'Granted by bindings of a whole tenant.' },
    NAMESPACE: {
      value: 'namespace',
      description: 'Granted by bindings of a namespace, including all below it, or of a whole tenant.',
    },
  },
});

const GateRef = builder.objectRef<{ resource: ResourceName; action: Action }>('PermissionInfo').implement({
  description: 'A permission and its description.',
  fields: (t) => ({
    action: t.field({ type: ActionEnum, description: 'The action.', resolve: ({ action }) => action }),
    level: t.field({
      type: LevelEnum,
      description: 'Level at which the permission applies.',
      resolve: ({ resource, action }): Level => levelOf(resource, action),
    }),
    gates: t.string({
      description: 'The description.',
      resolve: ({ resource, action }) => entry(resource).gates[action]!,
    }),
  }),
});

const ResourceInfo = builder.objectRef<{ resource: ResourceName }>('ResourceInfo').implement({
  description: 'A resource of the permission catalog.',
  fields: (t) => ({
    resource: t.field({ type: ResourceNameEnum, description: 'Which.', resolve: ({ resource }) => resource }),
    permissions: t.field({
      type: [GateRef],
      description: 'Actions of the resource.',
      resolve: ({ resource }) =>
        actions.filter((action) => entry(resource).gates[action]).map((action) => ({ resource, action })),
    }),
  }),
});

builder.queryField('permissionCatalog', (t) =>
  t.field({
    type: [ResourceInfo],
    description: 'The permission catalog: resources, actions, levels and descriptions.',
    access: 'signed-in',
    resolve: () => resourceNames.map((resource) => ({ resource })),
  }),
);

const LimitsRef = builder.objectRef<Record<string, number>>('Limits').implement({
  description: 'Limits of one request.',
  fields: (t) => ({
    depth: t.int({ description: 'Max depth of fields.', resolve: ({ depth }) => depth! }),
    cost: t.int({ description: 'Max number of fields, multiplied by page sizes.', resolve: ({ cost }) => cost! }),
    aliases: t.int({ description: 'Max number of aliases.', resolve: ({ aliases }) => aliases! }),
    directives: t.int({ description: 'Max number of directives.', resolve: ({ directives }) => directives! }),
    tokens: t.int({ description: 'Max number of tokens in a document.', resolve: ({ tokens }) => tokens! }),
    pageSize: t.int({ description: 'Max page size.', resolve: ({ pageSize }) => pageSize! }),
    bodyBytes: t.int({ description: 'Max request body, in bytes.', resolve: ({ bodyBytes }) => bodyBytes! }),
    requestMs: t.int({
      description: 'Timeout of a request, in milliseconds.',
      resolve: ({ requestMs }) => requestMs!,
    }),
  }),
});

const AuditKey = builder.objectRef<VerifyingKey>('AuditKey').implement({
  description: 'A public key to verify checkpoints of the audit log.',
  fields: (t) => ({
    id: t.exposeString('id', { description: 'ID of the key, as in checkpoints.' }),
    pem: t.string({ description: 'The Ed25519 public key, as PEM.', resolve: pemOf }),
  }),
});

builder.objectType(ServerInfoRef, {
  description: 'Information about this gateway.',
  fields: (t) => ({
    version: t.string({ description: 'The version.', resolve: (_info, _args, { version }) => version }),
    store: t.string({
      description: 'Either embedded or external.',
      resolve: (_info, _args, { storeKind }) => storeKind,
    }),
    policySet: t.string({
      description: 'Fingerprint of the policies and their settings.',
      resolve: (_info, _args, { engine }) => engine.fingerprint,
    }),
    auditKeys: t.field({
      type: [AuditKey],
      description: 'Keys to verify checkpoints of the audit log: the current one, then former ones.',
      resolve: (_info, _args, { keys }) => [...keys.signing],
    }),
    limits: t.field({
      type: LimitsRef,
      description: 'Limits of one request.',
      resolve: (_info, _args, { limits }) => limits as unknown as Record<string, number>,
    }),
  }),
});

builder.queryField('serverInfo', (t) =>
  t.field({
    type: ServerInfoRef,
    description: 'Information about this gateway.',
    access: 'signed-in',
    resolve: () => ({ id: 'server' }),
  }),
);
