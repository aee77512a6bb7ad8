/**
 * Measures the cost of the hash chain: mutations through a gateway with and without it, alternating in one run, over
 * one
 * tenant and over twenty. SOAK=1 runs longer.
 */
import { asSystem } from '../../src/policy/session/system.ts';
import { bind } from '../../src/resources/identity/binding/service.ts';
import { createTenant } from '../../src/resources/identity/tenant/service.ts';
import { giveAccess } from '../../src/resources/identity/tenant-access/service.ts';
import { createNamespace } from '../../src/resources/orchestration/namespace/service.ts';
import { median, openBench } from './plane/store.ts';
import { row } from './rows.ts';

const clients = 32;
const tenants = 20;
const [rounds, milliseconds] = process.env['SOAK'] === '1' ? [15, 4_000] : [7, 2_000];

const bench = await openBench({ poolSize: 32, poolWaitMs: 10_000 });
const { client, id } = await bench.person('writer', 'Viewer');
const keys = Array.from({ length: tenants }, (_, i) => `t${i}`);
for (const key of keys)
  await bench.write(async (tx) => {
    const tenant = await createTenant(tx, asSystem('TENANT:CREATE', 'bench'), { key, name: key });
    await giveAccess(tx, asSystem('TENANT_ACCESS:CREATE', 'bench'), tenant, id);
    const role = await tx.role.findFirstOrThrow({ where: { tenantId: tenant.id, name: 'Admin' } });
    const grant = asSystem('BINDING:CREATE', 'bench', tenant.id);
    await bind(tx, grant, tenant, { principalId: id, groupId: null, role, namespace: '' });
    await createNamespace(tx, asSystem('NAMESPACE:CREATE', 'bench', tenant.id), tenant, { name: 'company' });
  });

/** The control: events are numbered by a sequence and not chained. No head is locked until COMMIT. */
const { rows } = await bench.driver.query<{ source: string }>(
  `SELECT pg_get_functiondef('audit_append'::regproc) AS source`,
);
const chained = rows[0]!.source;
const unchained = chained
  .replace(/INSERT INTO "AuditHead"[\s\S]*?FOR UPDATE;/, 'head."hash" := repeat(\'0\', 64); head."transaction" := 0;')
  .replace('head."seq" := head."seq" + 1;', `head."seq" := nextval('unchained');`)
  .replace(/head\."hash" := encode[^;]*;/, '')
  .replace(/UPDATE "AuditHead" SET[^;]*;/, '');
if (unchained.includes('sha256') || unchained.includes('UPDATE "AuditHead"'))
  throw new Error('the control still chains');
await bench.driver.query('CREATE SEQUENCE unchained START 1000000000');

let next = 0;
async function rate(over: number, isChained: boolean): Promise<number> {
  await bench.driver.query(isChained ? chained : unchained);
  let count = 0;
  const began = performance.now();
  await Promise.all(
    Array.from({ length: clients }, async (_, i) => {
      for (let k = i; performance.now() - began < milliseconds; k += 1) {
        next += 1;
        await client.ok(
          'mutation($tenant: String!, $key: String!) { putSecret(input: { tenantKey: $tenant, namespaceName: "company", key: $key, value: "v" }) { secret { id } } }',
          { tenant: keys[k % over]!, key: `K${next}` },
        );
        count += 1;
      }
    }),
  );
  return (count * 1_000) / (performance.now() - began);
}

for (const over of [1, tenants]) {
  const ratios: number[] = [];
  const rates: number[] = [];
  for (let round = -1; round < rounds; round += 1) {
    const order = round % 2 === 0 ? [true, false] : [false, true];
    const found = new Map<boolean, number>();
    for (const isChained of order) found.set(isChained, await rate(over, isChained));
    if (round < 0) continue;
    ratios.push(found.get(true)! / found.get(false)!);
    rates.push(found.get(true)!);
  }
  row(
    `mutations with the chain against without, ${clients} clients, over ${over === 1 ? 'one tenant' : `${over} tenants`}`,
    `${median(ratios).toFixed(2)} (${median(rates).toFixed(0)}/s with it)`,
    over === 1 ? 'reported' : 'at least 0.7',
  );
}
await bench.close();
