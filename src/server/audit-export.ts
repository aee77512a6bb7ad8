import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { TenantRef } from '../access/tenant-ref.ts';
import { GatehouseError, notFound } from '../errors.ts';
import type { Context } from '../graphql/context.ts';
import { visibleTenant } from '../graphql/scopes.ts';
import { type ExportRequest, exportChain } from '../resources/governance/audit-log/export.ts';
import { exportQuery } from '../resources/governance/audit-log/export-query.ts';
import { type Download, type DownloadOptions, decoded, download, fileHeaders } from './download.ts';

const path = /^(?:\/tenants\/([^/]+))?\/audit-events$/;
const types = { ndjson: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8' } as const;

/**
 * Serves GET /tenants/KEY/audit-events?format=ndjson&after=CURSOR: streams the audit events of a tenant as a file,
 * oldest first. /audit-events serves those of the instance. Requires the same permission as the query and accepts its
 * filters.
 */
export function createAuditExport(options: DownloadOptions): Download {
  return (asked) => {
    const found = path.exec(asked);
    if (!found) return undefined;
    const [, key] = found;
    return download(options, async (context, request, response) => {
      const query = exportQuery(new URLSearchParams(request.url?.split('?')[1] ?? ''));
      const tenant = key === undefined ? null : await tenantOf(context, decoded(key, 'The tenant'));
      try {
        context.session.grant('AUDITLOG:READ', { tenantId: tenant?.id });
      } catch (error) {
        await noteRefusal(context, tenant, error);
        throw error;
      }
      await context.session.noteUse(false);
      await send(context, { ...query, tenant }, response);
    });
  };
}

async function tenantOf(context: Context, key: string): Promise<TenantRef> {
  const tenant = await visibleTenant(context, key);
  if (!tenant) throw notFound('The tenant');
  return tenant;
}

async function noteRefusal(
  { session, refusals, decisions, engine }: Context,
  tenant: TenantRef | null,
  error: unknown,
): Promise<void> {
  if (!(error instanceof GatehouseError)) return;
  const permission = 'AUDITLOG:READ';
  await refusals.read({ doer: session.doer, permission, field: 'export', tenantId: tenant?.id, error });
  await decisions.refusedRead(error, engine.fingerprint);
}

/** Sends one part at a time, as fast as the client reads. */
async function send(context: Context, request: ExportRequest, response: ServerResponse): Promise<void> {
  const closed = new AbortController();
  response.once('close', () => closed.abort());
  const { format, tenant } = request;
  const begin: Parameters<typeof exportChain>[2] = ({ head, unprovable }) => {
    if (head !== undefined) response.setHeader('Gatehouse-Audit-Head', String(head));
    if (unprovable !== undefined) response.setHeader('Gatehouse-Audit-Unprovable', unprovable);
  };
  for await (const part of exportChain(context, request, begin)) {
    if (closed.signal.aborted) return;
    if (!response.headersSent)
      response.writeHead(200, fileHeaders(types[format], `audit-${tenant?.key ?? 'instance'}.${format}`));
    if (part !== '' && !response.write(part)) await once(response, 'drain', { signal: closed.signal });
  }
  response.end();
}
