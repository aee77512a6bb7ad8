import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { askOrPrint, progress, readInTenant, tenantUsage, unknownForm } from './in-tenant.ts';
import type { Remote } from './remote.ts';
import { type Command, UsageError } from './usage.ts';

const form = `namespace files update NAMESPACE FROM [TO] ${tenantUsage} [--delete]`;

interface Page {
  readonly nodes: readonly { readonly path: string; readonly digest: string }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}
interface Files {
  readonly tenant: { readonly namespace: { readonly files: Page | null } | null } | null;
}
const filesDocument = /* GraphQL */ `
  query NamespaceFiles($tenant: String!, $namespace: String!, $folder: String, $after: String) {
    tenant(key: $tenant) {
      namespace(name: $namespace) {
        files(first: 100, after: $after, where: { folder: $folder }) {
          nodes { path digest }
          pageInfo { hasNextPage endCursor }
        }
      }
    }
  }
`;
const putDocument = /* GraphQL */ `
  mutation PutFile($input: PutNamespaceFileInput!) { putNamespaceFile(input: $input) { file { path } } }
`;
const deleteDocument = /* GraphQL */ `
  mutation DeleteFile($input: DeleteNamespaceFileInput!) { deleteNamespaceFile(input: $input) { path } }
`;

interface Place {
  readonly remote: Remote;
  readonly tenant: string;
  readonly namespace: string;
  /** Folder of the namespace, such as /scripts; empty for its root. */
  readonly to: string;
}

/** Digests by path of the files that the namespace has; undefined if they cannot be read. */
async function stored({ remote, tenant, namespace, to }: Place): Promise<Map<string, string> | undefined> {
  const digests = new Map<string, string>();
  for (let after: string | null = null; ; ) {
    const variables: Record<string, unknown> = { tenant, namespace, folder: to === '' ? null : to, after };
    const answer: Files | undefined = await askOrPrint<Files>(remote, filesDocument, variables);
    const files: Page | null | undefined = answer?.tenant?.namespace?.files;
    if (!files) {
      if (answer) console.error(`The namespace ${namespace} does not exist, or you cannot read it.`);
      return undefined;
    }
    for (const { path, digest } of files.nodes) digests.set(path, digest);
    if (!files.pageInfo.hasNextPage) return digests;
    after = files.pageInfo.endCursor;
  }
}

/** Files below a folder, or the one file, by their paths in the namespace. @throws UsageError. */
function localFiles(from: string, to: string): Map<string, Buffer> {
  try {
    if (!statSync(from).isDirectory()) return new Map([[`${to}/${from.split(/[\\/]/).at(-1)!}`, readFileSync(from)]]);
    const paths = readdirSync(from, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort();
    return new Map(paths.map((path) => [`${to}/${relative(from, path).split(sep).join('/')}`, readFileSync(path)]));
  } catch (error) {
    throw new UsageError(`${from} cannot be read: ${(error as Error).message}`);
  }
}

async function updateFiles(args: readonly string[]): Promise<number> {
  const { tenant, remote, positionals, values } = await readInTenant(form, args, [2, 3], {
    delete: { type: 'boolean', default: false },
  });
  const [namespace, from, folder = ''] = positionals as [string, string, string?];
  const to = folder.replace(/^\/*|\/*$/g, '').replace(/^(?=.)/, '/');
  const place = { remote, tenant, namespace, to };
  const local = localFiles(from, to);
  const present = await stored(place);
  if (!present) return 1;
  const input = { tenantKey: tenant, namespaceName: namespace };
  const shown = progress();
  const counts = { written: 0, unchanged: 0, deleted: 0, refused: 0 };
  for (const [path, content] of local) {
    const digest = createHash('sha256').update(content).digest('hex');
    if (present.get(path) === digest) {
      counts.unchanged += 1;
      continue;
    }
    const contentBase64 = content.toString('base64');
    const put = await askOrPrint(remote, putDocument, { input: { ...input, path, contentBase64 } });
    if (put) counts.written += 1;
    else {
      counts.refused += 1;
      console.error(`${path} was not written.`);
    }
    shown.say(`${counts.written + counts.unchanged + counts.refused} of ${local.size} files`);
  }
  if (values['delete'] === true)
    for (const path of present.keys()) {
      if (local.has(path)) continue;
      const deleted = await askOrPrint(remote, deleteDocument, { input: { ...input, path } });
      if (deleted) counts.deleted += 1;
      else counts.refused += 1;
    }
  shown.end();
  const { written, unchanged, deleted, refused } = counts;
  console.log(`${namespace}: ${written} written, ${unchanged} unchanged, ${deleted} deleted, ${refused} refused`);
  return refused > 0 ? 1 : 0;
}

export const namespaceCommand: Command = {
  name: 'namespace',
  usage: form,
  description: 'Write a folder, or one file, into the files of a namespace.',
  async run([what, verb, ...args]) {
    if (what === 'files' && verb === 'update') return updateFiles(args);
    return unknownForm([form]);
  },
};
