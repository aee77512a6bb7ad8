import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { record } from '../../../audit/record.ts';
import type { Namespace, NamespaceFile } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { badInput, conflict, notFound } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { find } from '../../../policy/session/find.ts';
import { lockTree } from './service.ts';

/** Max bytes of a file. The request around it must fit into the body limit. */
export const maxFile = 700_000;
const maxFiles = 10_000;

/** A path from the root of the namespace; the leading slash is optional. */
export const filePath = z
  .string()
  .transform((path) => (path.startsWith('/') ? path : `/${path}`))
  .pipe(
    z
      .string()
      .max(500, 'A path can have at most 500 characters.')
      .regex(/^[^\p{Cc}\\]*$/u, 'A path cannot contain control characters or backslashes.')
      .refine(
        (path) =>
          path
            .slice(1)
            .split('/')
            .every((part) => part !== '' && part !== '.' && part !== '..'),
        'A path must consist of names between single slashes, other than . and ..',
      ),
  );

/** All columns of a file except its content. */
export type FileHead = Omit<NamespaceFile, 'content'>;
const audited = ['path', 'size', 'digest'];

/** To change the files of namespaces, or the namespaces as a whole. */
export type FileGrant = Grant<'NAMESPACE_FILE:UPDATE' | 'NAMESPACE:UPDATE'>;

/** The namespace, locked to change its files. @throws NOT_FOUND, or FORBIDDEN if the doer can only read it. */
async function namespaceOf(tx: Tx, grant: FileGrant, tenant: TenantRef, name: string): Promise<Namespace> {
  // Locked, so that it is not pruned before the file is written.
  await lockTree(tx, tenant.id);
  const where = { tenantId_namespace: { tenantId: tenant.id, namespace: name } };
  const row = await tx.namespace.findUnique({ where, select: { id: true } });
  if (!row) throw notFound('The object');
  const namespace = await find<Namespace>(tx, grant, 'NAMESPACE', row.id);
  await grant.review(tx, { before: namespace, after: namespace });
  return namespace;
}

/** A file in audit events: a part of its namespace, with path, size and digest. */
const auditedFile = (namespace: Namespace, file: FileHead | null) =>
  file && { ...file, id: namespace.id, namespace: namespace.namespace };

const recordFile = (
  tx: Tx,
  grant: FileGrant,
  tenant: TenantRef,
  namespace: Namespace,
  verb: string,
  before: FileHead | null,
  after: FileHead | null,
): void => {
  const key = `${namespace.namespace}: ${(after ?? before)!.path}`;
  record(tx, grant, {
    resource: 'NAMESPACE',
    before: auditedFile(namespace, before),
    after: auditedFile(namespace, after),
    tenant,
    verb,
    key,
    audited,
  });
};

/** Creates or replaces a file of a namespace. */
export async function putFile(
  tx: Tx,
  grant: FileGrant,
  tenant: TenantRef,
  name: string,
  path: string,
  content: Buffer,
): Promise<FileHead> {
  const namespace = await namespaceOf(tx, grant, tenant, name);
  const place = { tenantId: tenant.id, namespace: name };
  const parts = path.split('/');
  const folders = parts.slice(2).map((_, i) => parts.slice(0, i + 2).join('/'));
  const clash = await tx.namespaceFile.findFirst({
    where: { ...place, OR: [{ path: { in: folders } }, { path: { gte: `${path}/`, lt: `${path}0` } }] },
    select: { path: true },
  });
  if (clash) throw conflict(`${clash.path} already exists. A name is either a file or a folder.`);
  const data = {
    content: new Uint8Array(content),
    size: content.length,
    digest: createHash('sha256').update(content).digest('hex'),
    updatedAt: new Date(),
  };
  const omit = { content: true } as const;
  const where = { tenantId_namespace_path: { ...place, path } };
  const before = await tx.namespaceFile.findUnique({ where, omit });
  if (before && before.digest === data.digest) return before;
  if (!before && (await tx.namespaceFile.count({ where: place })) >= maxFiles)
    throw conflict(`A namespace can have at most ${maxFiles} files.`);
  const after = before
    ? await tx.namespaceFile.update({ where, data, omit })
    : await tx.namespaceFile.create({ data: { id: newId(), ...place, path, ...data }, omit });
  recordFile(tx, grant, tenant, namespace, 'put-file', before, after);
  return after;
}

/** Deletes a file. @throws NOT_FOUND. */
export async function deleteFile(
  tx: Tx,
  grant: FileGrant,
  tenant: TenantRef,
  name: string,
  path: string,
): Promise<FileHead> {
  const namespace = await namespaceOf(tx, grant, tenant, name);
  const where = { tenantId_namespace_path: { tenantId: tenant.id, namespace: name, path } };
  const before = await tx.namespaceFile.findUnique({ where, omit: { content: true } });
  if (!before) throw notFound('The file');
  await tx.namespaceFile.delete({ where });
  recordFile(tx, grant, tenant, namespace, 'delete-file', before, null);
  return before;
}

/** The content in an input, from text or base64. @throws BAD_INPUT. */
export function contentOf(text: string | null | undefined, base64: string | null | undefined): Buffer {
  if ((text == null) === (base64 == null))
    throw badInput(['input', 'content'], 'Pass either content or contentBase64.');
  if (base64 != null && !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64))
    throw badInput(['input', 'contentBase64'], 'The content is not valid base64.');
  const content = text != null ? Buffer.from(text) : Buffer.from(base64!, 'base64');
  if (content.length > maxFile)
    throw badInput(['input', text != null ? 'content' : 'contentBase64'], `A file can have at most ${maxFile} bytes.`);
  return content;
}
