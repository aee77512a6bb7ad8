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

/** Bytes of one file: with its request around it, it has to fit into the limit of a body. */
export const maxFile = 700_000;
const maxFiles = 10_000;

/** A path from the root of the namespace; a leading slash may be left out. */
export const filePath = z
  .string()
  .transform((path) => (path.startsWith('/') ? path : `/${path}`))
  .pipe(
    z
      .string()
      .max(500, 'A path has at most 500 characters.')
      .regex(/^[^\p{Cc}\\]*$/u, 'A path has no control characters and no backslash.')
      .refine(
        (path) =>
          path
            .slice(1)
            .split('/')
            .every((part) => part !== '' && part !== '.' && part !== '..'),
        'A path has names between single slashes, and none of them is . or ..',
      ),
  );

/** What of a file is read with a list: all but its content. */
export type FileHead = Omit<NamespaceFile, 'content'>;
const audited = ['path', 'size', 'digest'];

/** The namespace, locked for who changes its files. @throws NOT_FOUND, or FORBIDDEN where they may only read it. */
async function namespaceOf(
  tx: Tx,
  grant: Grant<'NAMESPACE:UPDATE'>,
  tenant: TenantRef,
  name: string,
): Promise<Namespace> {
  // Nobody prunes it between the look and the file.
  await lockTree(tx, tenant.id);
  const where = { tenantId_namespace: { tenantId: tenant.id, namespace: name } };
  const row = await tx.namespace.findUnique({ where, select: { id: true } });
  if (!row) throw notFound('The object');
  const namespace = await find<Namespace>(tx, grant, 'NAMESPACE', row.id);
  await grant.review(tx, { before: namespace, after: namespace });
  return namespace;
}

/** A file as events tell it: a part of its namespace, by path, size and digest. */
const told = (namespace: Namespace, file: FileHead | null) =>
  file && { ...file, id: namespace.id, namespace: namespace.namespace };

const recordFile = (
  tx: Tx,
  grant: Grant<'NAMESPACE:UPDATE'>,
  tenant: TenantRef,
  namespace: Namespace,
  verb: string,
  before: FileHead | null,
  after: FileHead | null,
): void => {
  const key = `${namespace.namespace}: ${(after ?? before)!.path}`;
  record(tx, grant, {
    before: told(namespace, before),
    after: told(namespace, after),
    tenant,
    verb,
    key,
    audited,
  });
};

/** Writes a file of a namespace, new or in the place of the one of this path. */
export async function putFile(
  tx: Tx,
  grant: Grant<'NAMESPACE:UPDATE'>,
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
  if (clash) throw conflict(`${clash.path} is there already: a name is that of a file or of a folder.`);
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
    throw conflict(`A namespace has at most ${maxFiles} files.`);
  const after = before
    ? await tx.namespaceFile.update({ where, data, omit })
    : await tx.namespaceFile.create({ data: { id: newId(), ...place, path, ...data }, omit });
  recordFile(tx, grant, tenant, namespace, 'put-file', before, after);
  return after;
}

/** Deletes a file. @throws NOT_FOUND where there is none of this path. */
export async function deleteFile(
  tx: Tx,
  grant: Grant<'NAMESPACE:UPDATE'>,
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

/** The content that an input gives, as text or as base64. @throws BAD_INPUT. */
export function contentOf(text: string | null | undefined, base64: string | null | undefined): Buffer {
  if ((text == null) === (base64 == null))
    throw badInput(['input', 'content'], 'Give the content as text or as base64, one of the two.');
  if (base64 != null && !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64))
    throw badInput(['input', 'contentBase64'], 'This is no base64.');
  const content = text != null ? Buffer.from(text) : Buffer.from(base64!, 'base64');
  if (content.length > maxFile)
    throw badInput(['input', text != null ? 'content' : 'contentBase64'], `A file has at most ${maxFile} bytes.`);
  return content;
}
