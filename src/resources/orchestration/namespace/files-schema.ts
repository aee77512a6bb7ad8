import { isUtf8 } from 'node:buffer';
import { z } from 'zod';
import type { Namespace } from '../../../db/generated/client.ts';
import { columnsWithout } from '../../../db/rows/model.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType, orderBy } from '../../../graphql/connection/connection-type.ts';
import { everyRow } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { changed, mutation } from '../../../graphql/mutation/define.ts';
import { registerPart } from '../../../graphql/mutation/replay.ts';
import { type InTenant, inTenant } from '../../../graphql/mutation/target.ts';
import { escapeLike } from '../../../lib/text.ts';
import { contentOf, deleteFile, type FileHead, filePath, maxFile, putFile } from './files.ts';
import { namespaceName } from './service.ts';

/** Lists do not load the content; a field loads it on demand. */
const readContent = async ({ db }: Context, { id }: FileHead): Promise<Buffer> => {
  const row = await db.namespaceFile.findFirst({ where: { id }, select: { content: true } });
  return Buffer.from(row?.content ?? []);
};

registerPart('NamespaceFile', {
  resource: 'NAMESPACE',
  whole: ({ db }, { tenantId, namespace }) =>
    db.namespace.findFirst({ where: { tenantId: String(tenantId), namespace: String(namespace) } }),
});
const FileRef = builder.objectRef<FileHead>('NamespaceFile').implement({
  description: 'A file of a namespace, available to the flows in it. Access follows the access to the namespace.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Path from the root of the namespace, with a leading slash.' }),
    size: t.exposeInt('size', { description: 'Size in bytes.' }),
    digest: t.exposeString('digest', { description: 'SHA-256 of the content, in hex.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was first written.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last written.' }),
    content: t.string({
      nullable: true,
      description: 'Content as text; null if it is not text.',
      resolve: async (file, _args, context) => {
        const content = await readContent(context, file);
        return isUtf8(content) ? content.toString('utf8') : null;
      },
    }),
    contentBase64: t.string({
      description: 'Content as base64.',
      resolve: async (file, _args, context) => (await readContent(context, file)).toString('base64'),
    }),
  }),
});
const Where = builder.inputType('NamespaceFileWhere', {
  description: 'Filter for files.',
  fields: (t) => ({
    folder: t.string({ description: 'This folder and all below it.' }),
    text: t.string({ description: 'Case-insensitive search in the path.' }),
  }),
});
const below = (folder: string) => {
  const path = `/${folder.replace(/^\/|\/$/g, '')}`;
  return path === '/' ? {} : { path: { gte: `${path}/`, lt: `${path}0` } };
};

builder.prismaObjectFields('Namespace', (t) => ({
  files: connection(t, {
    connection: connectionType('NamespaceFile', FileRef),
    description: 'Files of exactly this namespace.',
    permission: 'NAMESPACE:READ',
    scopes: ({ tenantId }: Namespace) => ({ tenantId }),
    model: 'NamespaceFile',
    within: ({ tenantId, namespace }) => ({ tenantId, namespace }),
    // The files are part of the granted namespace.
    reach: () => everyRow,
    columns: columnsWithout('NamespaceFile', 'content'),
    where: {
      input: Where,
      toCondition: ({ folder, text }: typeof Where.$inferInput) => ({
        AND: [
          folder != null ? below(folder) : {},
          text != null ? { path: { contains: escapeLike(text), mode: 'insensitive' } } : {},
        ],
      }),
    },
    order: orderBy('NamespaceFile', {
      PATH: { column: 'path', description: 'By path.' },
      UPDATED_AT: { column: 'updatedAt', description: 'By the time of the last change.' },
    }),
    defaultOrder: { column: 'path', descending: false },
  }),
  file: t.field({
    type: FileRef,
    nullable: true,
    description: 'A file by its path.',
    args: { path: t.arg.string({ required: true, description: 'Path from the root of the namespace.' }) },
    resolve: ({ tenantId, namespace }: Namespace, { path }, { db }) => {
      const read = filePath.safeParse(path);
      if (!read.success) return null;
      return db.namespaceFile.findFirst({
        where: { tenantId, namespace, path: read.data },
        omit: { content: true },
      }) as Promise<FileHead | null>;
    },
  }),
}));

const rules = z.looseObject({ namespaceName, path: filePath });
const changing = ['NAMESPACE_FILE:UPDATE', 'NAMESPACE:UPDATE'] as const;

/** The permission that the caller has in this namespace. */
async function changingIn(
  { namespaceName: namespace }: { readonly namespaceName: string },
  { tenant }: InTenant,
  { session }: Context,
): Promise<(typeof changing)[number]> {
  const [own, whole] = changing;
  const row = { tenantId: tenant.id, namespace };
  if (session.may(own, { tenantId: tenant.id })?.matches(row)) return own;
  return session.may(whole, { tenantId: tenant.id }) ? whole : own;
}

mutation('putNamespaceFile', {
  description: 'Creates or replaces a file of a namespace. NAMESPACE:UPDATE also allows it.',
  permission: changing[0] as (typeof changing)[number],
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    namespaceName: t.string({ required: true, description: 'Full name of the namespace. It can be an implied one.' }),
    path: t.string({ required: true, description: 'Path from the root of the namespace.' }),
    content: t.string({ description: `Content as text, at most ${maxFile} bytes.` }),
    contentBase64: t.string({ description: 'Content as base64, for binary files.' }),
  }),
  rules,
  alternatives: changing,
  choose: changingIn,
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: (tx, grant, { namespaceName: namespace, path, content, contentBase64 }, { tenant }) =>
    putFile(tx, grant, tenant, namespace, path, contentOf(content, contentBase64)),
  payload: (t) => ({
    file: changed(t, FileRef, 'The file.'),
  }),
});

mutation('deleteNamespaceFile', {
  description: 'Deletes a file of a namespace. NAMESPACE:UPDATE also allows it.',
  permission: changing[0] as (typeof changing)[number],
  input: (t) => ({
    tenantKey: t.string({ required: true, description: 'Key of the tenant.' }),
    namespaceName: t.string({ required: true, description: 'Full name of the namespace.' }),
    path: t.string({ required: true, description: 'Path from the root of the namespace.' }),
  }),
  rules,
  alternatives: changing,
  choose: changingIn,
  target: ({ tenantKey }, context) => inTenant(tenantKey, context),
  run: (tx, grant, { namespaceName: namespace, path }, { tenant }) => deleteFile(tx, grant, tenant, namespace, path),
  payload: (t) => ({
    path: t.string({ description: 'Path of the deleted file.', resolve: ({ result }) => result.path }),
  }),
});
