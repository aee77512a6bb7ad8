import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { strToU8, Zip, ZipDeflate } from 'fflate';
import type { GraphQLSchema } from 'graphql';
import { csvRow } from '../lib/csv.ts';
import { type Download, type DownloadOptions, decoded, download, fileHeaders } from './download.ts';
import { columnsOf, type ListRequest, listOf, type Node, pagesOf } from './list-pages.ts';
import type { Operations } from './operation/operations.ts';

export interface ListExportOptions extends DownloadOptions {
  readonly schema: GraphQLSchema;
  readonly operations: Operations;
}

const path = /^(?:\/tenants\/([^/]+))?\/([A-Za-z]+)\.(csv|ndjson|zip)$/;
type Format = 'csv' | 'ndjson' | 'zip';

/** Turns pages into parts of a file. */
type Write = (
  pages: AsyncIterable<readonly Node[]>,
  columns: readonly string[],
) => AsyncGenerator<string | Uint8Array, void>;

async function* csv(pages: AsyncIterable<readonly Node[]>, columns: readonly string[]): ReturnType<Write> {
  // Sent with the first page, which can be refused.
  let head = csvRow(columns);
  for await (const nodes of pages) {
    yield head + nodes.map((node) => csvRow(columns.map((name) => node[name]))).join('');
    head = '';
  }
}

async function* ndjson(pages: AsyncIterable<readonly Node[]>): ReturnType<Write> {
  for await (const nodes of pages) yield nodes.map((node) => `${JSON.stringify(node)}\n`).join('');
}

/** The sources of flows, each as NAMESPACE/FLOWID.yaml. */
async function* zip(pages: AsyncIterable<readonly Node[]>): ReturnType<Write> {
  let parts: Uint8Array[] = [];
  const archive = new Zip((error, part) => {
    if (error) throw error;
    parts.push(part);
  });
  const taken = function* () {
    const ready = parts;
    parts = [];
    yield* ready;
  };
  for await (const nodes of pages) {
    for (const { namespaceName, flowId, source } of nodes) {
      // The fastest level: a source can have 500 kB.
      const file = new ZipDeflate(`${String(namespaceName)}/${String(flowId)}.yaml`, { level: 1 });
      archive.add(file);
      file.push(strToU8(String(source)), true);
    }
    yield* taken();
  }
  archive.end();
  yield* taken();
}

const formats: Readonly<Record<Format, { readonly type: string; readonly write: Write }>> = {
  csv: { type: 'text/csv; charset=utf-8', write: csv },
  ndjson: { type: 'application/x-ndjson; charset=utf-8', write: ndjson },
  zip: { type: 'application/zip', write: zip },
};

/**
 * Serves GET /tenants/KEY/LIST.csv and .ndjson: every object of a list of the API as a file, such as
 * /tenants/main/executions.csv?where={"state":["FAILED"]}. /LIST.csv serves a list of the instance, and
 * /tenants/KEY/flows.zip the sources of flows.
 */
export function createListExport(options: ListExportOptions): Download {
  const { schema, operations } = options;
  return (asked) => {
    const [, key, name, given] = path.exec(asked) ?? [];
    const list = name === undefined ? undefined : listOf(schema, name, key !== undefined);
    if (!list || (given === 'zip' && list.node.name !== 'Flow')) return undefined;
    const format = given as Format;
    return download(options, async (context, request, response) => {
      const query = new URLSearchParams(request.url?.split('?')[1] ?? '');
      const columns = format === 'zip' ? ['namespaceName', 'flowId', 'source'] : columnsOf(list, query.get('fields'));
      const tenant = key === undefined ? undefined : decoded(key, 'The tenant');
      const pages = { list, key: tenant, columns, query } satisfies ListRequest;
      await context.session.noteUse(false);
      const parts = formats[format].write(pagesOf(schema, operations, context, pages), columns);
      await send(parts, response, fileHeaders(formats[format].type, `${tenant ?? 'instance'}-${name}.${format}`));
    });
  };
}

/** Sends one page at a time, as fast as the client reads. The headers are sent with the first page. */
async function send(
  parts: AsyncGenerator<string | Uint8Array, void>,
  response: ServerResponse,
  headers: Record<string, string>,
): Promise<void> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  for await (const part of parts) {
    if (closed.signal.aborted) return;
    if (!response.headersSent) response.writeHead(200, headers);
    if (part.length > 0 && !response.write(part)) await once(response, 'drain', { signal: closed.signal });
  }
  response.end();
}
