import { join } from 'node:path';
import type { Row } from '../../src/access/grant.ts';
import { Engine } from '../../src/policy/decide/engine.ts';
import { loadPolicies } from '../../src/policy/load/load.ts';
import { fingerprintOf } from '../../src/policy/load/policy-set.ts';
import type { Principal } from '../../src/policy/principals/principal.ts';
import { Freshness } from '../../src/policy/session/freshness.ts';
import { AccessSession } from '../../src/policy/session/session.ts';

/** Settings that give every guard work but refuse nothing in this benchmark. */
const settings: Record<string, object> = {
  'frozen-namespaces': { frozen: ['company.frozen'] },
  'change-window': {
    rules: [
      {
        namespaces: ['company.closed'],
        timeZone: 'Europe/Berlin',
        windows: [{ days: ['MON'], from: '00:00', to: '24:00' }],
      },
    ],
  },
  network: { rules: [{ allow: ['10.0.0.0/8'] }] },
  'token-hygiene': { users: { maxAgeDays: 3_650, unusedDays: 365 } },
  quotas: { rules: [{ resource: 'GROUP', atMost: 10 }] },
  'separate-duties': { duties: ['roles'] },
  // Measured separately.
  cedar: { enabled: false },
  'require-reason': { rules: [{ resource: 'FLOW' }] },
};

/** The engine with its session, as in a request, without a database. */
export async function gateway(tenantId: string, namespaces: readonly string[], kind: 'plain' | 'guarded') {
  const set = await loadPolicies({
    folders: kind === 'guarded' ? [join(import.meta.dirname, '..', '..', 'plugins')] : [],
    settings: (kind === 'guarded' ? settings : {}) as never,
    mayGrant: [],
    groups: new Map(),
    tenants: new Map(),
  });
  // Guards that ignore this permission are evaluated too: nine guards per check.
  if (kind === 'guarded') {
    for (const { resources, actions } of set.policies) {
      (resources as Set<string>).add('FLOW');
      (actions as Set<string>).add('READ');
    }
  }
  const engine = new Engine(set, fingerprintOf(set), 1_000);
  const quiet = { send: () => undefined, on: () => () => undefined, close: async () => undefined };
  const freshness = new Freshness(async () => ({ revision: 1n, policySet: engine.fingerprint }), quiet);
  setInterval(() => void freshness.confirm(), 1).unref();
  await freshness.confirm();
  const principal: Principal = {
    revision: 1n,
    id: 'alice',
    kind: 'USER',
    name: 'alice',
    superAdmin: false,
    disabled: false,
    authMethods: ['PASSWORD'],
    passwordChangedAt: null,
    homeTenantId: null,
    tenants: new Map([[tenantId, 'main']]),
    memberships: [],
    holdings: namespaces.map((namespace, i) => ({
      tenantId,
      namespace,
      permissions: ['FLOW:READ'],
      bindingId: `binding-${i}`,
      roleId: 'role',
      groupId: null,
    })),
    namespaces: new Map([[tenantId, namespaces]]),
  };
  const session = new AccessSession({
    engine,
    freshness,
    identify: () => ({
      principal,
      credential: { kind: 'api-token', id: 'token', createdAt: new Date() },
      revision: 1n,
    }),
    ip: '10.0.0.1',
    requestId: 'bench',
  });
  await session.refresh();
  const decideAnew = (row: Row): boolean => {
    session.forget();
    return session.can('FLOW:READ', row, { tenantId });
  };
  return { session, decideAnew };
}
