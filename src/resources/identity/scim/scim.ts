import { createHash } from 'node:crypto';
import type { Permission } from '../../../access/catalog.ts';
import type { Grant } from '../../../access/grant.ts';
import type { TenantRef } from '../../../access/tenant-ref.ts';
import { GatehouseError } from '../../../errors.ts';
import type { Context } from '../../../graphql/context.ts';
import { canonicalJson } from '../../../lib/json.ts';
import { refusalChain } from '../../../policy/session/refusal-chain.ts';
import { versionFault } from './fault.ts';

/** A request to the SCIM endpoint of a tenant. */
export interface Scim {
  readonly context: Context;
  readonly tenant: TenantRef;
  /** The URL of the endpoint, without a slash at the end. */
  readonly base: string;
}

/** The common attributes of resources (RFC 7643, section 3.1). */
export interface Resource {
  readonly schemas: readonly string[];
  readonly id: string;
  readonly meta: { readonly version: string; readonly location: string; readonly [name: string]: unknown };
  readonly [name: string]: unknown;
}

/** Returns the ETag of what a resource shows. Masked values are masked in it as well. */
export const versionOf = (content: unknown): string =>
  `W/"${createHash('sha256').update(canonicalJson(content)).digest('base64url').slice(0, 22)}"`;

/** True if an If-Match or If-None-Match header names this version. */
export function namesVersion(header: string, version: string): boolean {
  const tags = header.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(version.replace(/^W\//, ''));
}

/** @throws the fault for status 412, if the client expects another version. */
export function assertVersion(ifMatch: string | undefined, version: string): void {
  if (ifMatch !== undefined && !namesVersion(ifMatch, version)) throw versionFault();
}

/** Returns the grant to read rows of the tenant. A refusal is recorded like that of a query. */
export async function readGrant<P extends Permission>({ context, tenant }: Scim, permission: P): Promise<Grant<P>> {
  const { session, refusals, decisions, engine } = context;
  try {
    const grant = session.grant(permission, { tenantId: tenant.id });
    await session.noteUse(false);
    return grant;
  } catch (error) {
    if (error instanceof GatehouseError) {
      await refusals.read({ doer: session.doer, permission, field: 'scim', tenantId: tenant.id, error });
      await decisions.refusedRead(error, engine.fingerprint);
    }
    throw error;
  }
}

/** Runs a change. A refusal is recorded like that of a mutation. */
export async function recorded<T>(
  { context, tenant }: Scim,
  permission: Permission,
  resourceId: string,
  work: () => Promise<T>,
): Promise<T> {
  const { session, refusals, decisions, engine } = context;
  session.note = 'SCIM';
  try {
    return await work();
  } catch (error) {
    if (error instanceof GatehouseError && ['FORBIDDEN', 'POLICY_ERROR'].includes(error.code)) {
      const refused = (error.extensions['permission'] as Permission | undefined) ?? permission;
      const tenantId = refusalChain(session, tenant.id);
      const isApart = await refusals.act({
        doer: session.doer,
        permission: refused,
        field: 'scim',
        tenantId,
        resourceId,
        error,
      });
      await (isApart ? decisions.refused(error, engine.fingerprint) : decisions.refusedRead(error, engine.fingerprint));
    }
    throw error;
  } finally {
    session.note = undefined;
  }
}

/** Parameters of a list. */
export interface ListQuery {
  readonly filter: string | undefined;
  /** The number of the first resource, from 1. */
  readonly startIndex: number;
  readonly count: number;
  /** True if the response shows this attribute. */
  readonly shows: (attribute: string) => boolean;
}

export interface Listed {
  readonly total: number;
  readonly resources: readonly Resource[];
}
