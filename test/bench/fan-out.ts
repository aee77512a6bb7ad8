/**
 * Measures the delivery of a tenant's audit events to a thousand WebSockets, each with its own permissions: against the
 * same without access checks, and against plain graphql-ws, alternating in one process. The subscribers run in another
 * process. SOAK=1 runs more rounds.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { append, envelope } from '../../src/audit/record.ts';
import type { Tenant } from '../../src/db/generated/client.ts';
import { AccessSession } from '../../src/policy/session/session.ts';
import { asSystem } from '../../src/policy/session/system.ts';
import { fanOutOf } from '../../src/resources/governance/audit-log/fan-out.ts';
import { Follower } from '../../src/resources/governance/audit-log/follower.ts';
import { Judge } from '../../src/resources/governance/audit-log/shared-filters.ts';
import { createApiToken } from '../../src/resources/identity/api-token/service.ts';
import { bind } from '../../src/resources/identity/binding/service.ts';
import { createRole } from '../../src/resources/identity/role/service.ts';
import { createTenant } from '../../src/resources/identity/tenant/service.ts';
import { giveAccess } from '../../src/resources/identity/tenant-access/service.ts';
import { createUser } from '../../src/resources/identity/user/service.ts';
import { startBare } from './fan-out/bare.ts';
import type { Command, Report } from './fan-out/clients.ts';
import { median, openBench } from './plane/store.ts';
import { row } from './rows.ts';

const sockets = Number(process.env['SOCKETS'] ?? 1_000);
/** OVER=SSE: the subscribers of the gateway use SSE. */
const over = process.env['OVER'] === 'SSE' ? { over: 'SSE' as const } : {};
const rounds = Number(process.env['ROUNDS'] ?? (process.env['SOAK'] === '1' ? 60 : 12));
/** Events of one round, all in one transaction. */
const burst = 50;
const abilities = [1, 100, 1_000];
const fields = 'seq at kind action outcome actorName resource resourceKey namespaceName requestId';
const query = (tenant: string) => `subscription { auditEvents(tenantKey: "${tenant}") { cursor event { ${fields} } } }`;
const stamp = () => String(performance.timeOrigin + performance.now());

const bench = await openBench({ socketsPerAddress: 100_000 });
const { app, write } = bench;
const bare = await startBare();
const clients = fork(join(import.meta.dirname, 'fan-out', 'clients.ts'));
const reports: ((report: Report) => void)[] = [];
clients.on('message', (report: Report) => reports.shift()!(report));
const reported = () => new Promise<Report>((resolve) => reports.push(resolve));
const ask = (command: Command) => {
  const report = reported();
  clients.send(command);
  return report;
};

/** Users with one token each. */
const people = await write(async (tx) => {
  const made: { id: string; token: string }[] = [];
  for (let i = 0; i < sockets; i += 1) {
    const user = await createUser(
      tx,
      asSystem('USER:CREATE', 'bench'),
      { username: `u${i}`, email: `u${i}@people.example` },
      15,
    );
    const owner = { id: user.id, tenantId: null };
    const minted = await createApiToken(tx, asSystem('API_TOKEN:CREATE', 'bench'), app.services.keys, owner, {
      name: 'bench',
    });
    made.push({ id: user.id, token: minted.fullToken });
  }
  return made;
});
/**
 * Creates a tenant in which every user can read the events of `company` and of one more namespace, so that they differ.
 */
const tenantOf = (distinct: number): Promise<Tenant> =>
  write(async (tx) => {
    const tenant = await createTenant(tx, asSystem('TENANT:CREATE', 'bench'), { key: `of${distinct}`, name: 'bench' });
    const role = await createRole(tx, asSystem('ROLE:CREATE', 'bench'), tenant, {
      name: 'Reader',
      permissions: ['AUDITLOG:READ'],
    });
    for (const [i, { id }] of people.entries()) {
      await giveAccess(tx, asSystem('TENANT_ACCESS:CREATE', 'bench'), tenant, id);
      for (const namespace of ['company', `team${i % distinct}`])
        await bind(tx, asSystem('BINDING:CREATE', 'bench'), tenant, {
          principalId: id,
          groupId: null,
          role,
          namespace,
        });
    }
    return tenant;
  });
const happen = (tenant: Tenant) =>
  write(async (tx) => {
    for (let i = 0; i < burst; i += 1)
      append(tx, {
        ...envelope({ kind: 'SYSTEM', id: '', name: 'bench', requestId: stamp() }),
        tenantId: tenant.id,
        tenantKey: tenant.key,
        type: 'UPDATE',
        action: 'flow.update',
        outcome: 'SUCCESS',
        resource: 'FLOW',
        resourceId: `f${i}`,
        resourceKey: `company.sales/flow-${i}`,
        namespace: 'company.sales',
        patchText: '',
      });
  });

/** The same work without access checks. */
const off = (object: object, name: string, value: PropertyDescriptor) => {
  const own = Object.getOwnPropertyDescriptor(object, name)!;
  return (isOff: boolean) => Object.defineProperty(object, name, { configurable: true, ...(isOff ? value : own) });
};
const parts = [
  off(AccessSession.prototype, 'isCurrent', { get: () => true }),
  off(AccessSession.prototype, 'holds', { get: () => true }),
  off(Judge.prototype, 'reaches', { value: () => true }),
  off(Follower.prototype, 'agrees', { value: () => true }),
];
const withoutRights = (isOff: boolean) => {
  for (const part of parts) part(isOff);
};

interface Way {
  readonly name: string;
  readonly group: string;
  happen(): Promise<unknown>;
  readonly isOff?: boolean;
}
const ways: Way[] = [];
for (const distinct of abilities) {
  const tenant = await tenantOf(distinct);
  const group = tenant.key;
  const url = `${bench.url}/graphql`;
  await ask({ open: group, url, tokens: people.map(({ token }) => token), query: query(tenant.key), ...over });
  ways.push({ name: `${distinct} abilities`, group, happen: () => happen(tenant) });
  ways.push({ name: `${distinct}, no rights looked at`, group, happen: () => happen(tenant), isOff: true });
}
await ask({ open: 'bare', url: bare.url, tokens: people.map(() => ''), query: query('any') });
ways.push({
  name: 'bare graphql-ws',
  group: 'bare',
  async happen() {
    for (let i = 0; i < burst; i += 1) {
      const [seq, at] = [String(i), new Date().toISOString()];
      bare.publish({
        cursor: 'dC4wMTkzNGQ3ZS0wMDAwLTcwMDAtODAwMC0wMDAwMDAwMDAwMDAuMTIzLmFiY2RlZmFiY2RlZmFiY2RlZmFiY2RlZg',
        event: {
          seq,
          at,
          kind: 'UPDATE',
          action: 'flow.update',
          outcome: 'SUCCESS',
          actorName: 'bench',
          resource: 'FLOW',
          resourceKey: `company.sales/flow-${i}`,
          namespaceName: 'company.sales',
          requestId: stamp(),
        },
      });
    }
  },
});

const measured = new Map(
  ways.map(({ name }) => [name, { rate: [] as number[], cpu: [] as number[], took: [] as number[] }]),
);
for (let round = -2; round < rounds; round += 1) {
  for (const { name, group, happen, isOff = false } of round % 2 === 0 ? ways : ways.toReversed()) {
    await ask({ expect: group, items: burst });
    withoutRights(isOff);
    const all = reported();
    const start = performance.now();
    const used = process.cpuUsage();
    await happen();
    const { took } = await all;
    const milliseconds = performance.now() - start;
    const { user, system } = process.cpuUsage(used);
    withoutRights(false);
    if (round < 0) continue;
    const own = measured.get(name)!;
    own.rate.push((sockets * burst * 1_000) / milliseconds);
    own.cpu.push((user + system) / (sockets * burst));
    own.took.push(...took);
  }
}
const { judged, made } = fanOutOf(app.services.feed).figures;
console.log(`${sockets} WebSockets, ${rounds} rounds of ${burst} events; medians`);
console.log(`judged ${judged}, made ${made}, of ${(rounds + 2) * burst * abilities.length * 2} events`);
console.table(
  Object.fromEntries(
    [...measured].map(([name, { rate, cpu, took }]) => [
      name,
      {
        'deliveries/s': Math.round(median(rate)),
        'CPU µs each': Number(median(cpu).toFixed(2)),
        'p99 ms': Math.round(took.sort((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? 0),
      },
    ]),
  ),
);
const rateOf = (name: string) => measured.get(name)!.rate;
const ratio = (name: string, other: string) =>
  median(rateOf(name).map((rate, round) => rate / rateOf(other)[round]!)).toFixed(2);
for (const distinct of abilities) {
  const [own, off] = [`${distinct} abilities`, `${distinct}, no rights looked at`];
  row(
    `deliveries to ${sockets.toLocaleString('en')} WebSockets of ${distinct.toLocaleString('en')} distinct abilities, against no rights looked at, and against bare graphql-ws`,
    `${ratio(own, off)} and ${ratio(own, 'bare graphql-ws')} (${Math.round(median(rateOf(own)) / 1_000)},000/s)`,
    'at least 0.9 and 1',
  );
}
clients.kill();
await once(clients, 'close');
bare.close();
await bench.close();
