import type { TenantRef } from '../../../access/tenant-ref.ts';
import type { AuditDraft } from '../../../audit/event.ts';
import { recordedIn } from '../../../audit/record.ts';
import type { Tx } from '../../../db/transaction.ts';
import { notFound } from '../../../errors.ts';
import type { AccessSession } from '../../../policy/session/session.ts';
import { createTenant, updateTenant } from '../../identity/tenant/service.ts';
import { applyChanges, applyNamespaces } from './apply-changes.ts';
import { Faults } from './faults.ts';
import type { Description } from './model.ts';
import { checkNames } from './names.ts';
import { applyPeople } from './people.ts';
import { prune, pruneNamespaces } from './prune.ts';
import { readState } from './state.ts';
import { difference, type Work } from './work.ts';

export interface Application {
  readonly key: string;
  /** Undefined if it must be created. */
  readonly tenant: TenantRef | null;
  readonly description: Description;
  readonly prune: boolean;
  readonly passwordLength: number;
}

export interface Applied {
  readonly tenant: string;
  readonly created: number;
  readonly updated: number;
  readonly deleted: number;
  /** Objects that prune kept, as they grant the doer's own access or are in use by it. */
  readonly kept: readonly string[];
}

/**
 * Applies a description to a tenant, through the same services as single mutations and with the same permissions: it
 * allows nothing that single mutations would refuse. Applies all or nothing.
 */
export async function applyDescription(tx: Tx, session: AccessSession, application: Application): Promise<Applied> {
  const { description, passwordLength } = application;
  const faults = new Faults(tx, ['input', 'description']);
  const tenant = await faults.at([], () => applyTenant(tx, session, application));
  faults.assertNone();
  await faults.at(['people'], () => applyPeople(tx, session, faults, description.people ?? [], passwordLength));
  faults.assertNone();

  const read = () => faults.at([], () => readState(tx, session, tenant!, description));
  let state = await read();
  faults.assertNone();
  const work: Omit<Work, 'state'> = { tx, session, tenant: tenant!, description, faults };
  const kept = application.prune ? await prune({ ...work, state: state! }) : [];
  if (application.prune) state = await read();
  checkNames({ ...work, state: state! });
  await applyChanges({ ...work, state: state! });

  const after = { ...work, state: state!, session: await session.inside(tx) };
  await applyNamespaces(after);
  if (application.prune) await pruneNamespaces(after);
  return { tenant: tenant!.key, ...counted(recordedIn(tx)), kept };
}

async function applyTenant(
  tx: Tx,
  session: AccessSession,
  { key, tenant, description: { name, description } }: Application,
): Promise<TenantRef> {
  if (!tenant) return createTenant(tx, session.grant('TENANT:CREATE'), { key, name: name ?? key, description });
  const row = await tx.tenant.findUnique({ where: { id: tenant.id } });
  if (!row) throw notFound('The tenant');
  const change = difference(row, { name, description });
  if (change) await updateTenant(tx, session.grant('TENANT:UPDATE', { tenantId: tenant.id }), tenant.id, change);
  return tenant;
}

const counted = (events: readonly AuditDraft[]) => ({
  created: events.filter(({ type }) => type === 'CREATE').length,
  updated: events.filter(({ type }) => type === 'UPDATE').length,
  deleted: events.filter(({ type }) => type === 'DELETE').length,
});
