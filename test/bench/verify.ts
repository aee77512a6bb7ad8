/** Measures the verification of a chain, in the store and in an export, and its export. SOAK=1: a million events. */
import { createReadStream, createWriteStream, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { append, envelope } from '../../src/audit/record.ts';
import { verifyExport } from '../../src/audit/verify-export.ts';
import { verifyStore } from '../../src/audit/verify-store.ts';
import { temporaryFolder } from '../support/folder.ts';
import { median, openBench } from './plane/store.ts';
import { row } from './rows.ts';

const count = process.env['SOAK'] === '1' ? 1_000_000 : 200_000;
const bench = await openBench();
const { app, tenant } = bench;
const { client } = await bench.person('auditor', 'Admin');
const patch = [{ op: 'replace', path: '/description', value: 'The data team of the company.' }];
const doer = {
  kind: 'USER',
  id: '01934d7e-0000-7000-8000-000000000000',
  name: 'alice',
  requestId: 'request',
  ip: '127.0.0.1',
};
for (let done = 0; done < count; done += 2_000)
  await bench.write(async (tx) => {
    for (let i = done; i < done + 2_000; i += 1)
      append(tx, {
        ...envelope(doer as never),
        tenantId: tenant.id,
        tenantKey: tenant.key,
        type: 'UPDATE',
        action: 'namespace.update',
        outcome: 'SUCCESS',
        resource: 'NAMESPACE',
        resourceId: `n${i}`,
        resourceKey: `company.n${i}`,
        namespace: `company.n${i}`,
        patch,
        revertPatch: patch,
        patchText: JSON.stringify(patch),
      });
  });
const { connection } = app.database;
const keys = app.services.keys.signing;
const perSecond = (events: number, began: number) => (events * 1_000) / (performance.now() - began);
const rateText = (rate: number) => `${Math.round(rate / 1_000)},000/s`.replace('0,000', '0,000');

const folder = temporaryFolder('verify');
const file = join(folder, 'export.ndjson');
const before = process.memoryUsage().rss;
let peak = 0;
const watch = setInterval(() => {
  peak = Math.max(peak, process.memoryUsage().rss);
}, 100);
let began = performance.now();
const response = await fetch(`${bench.url}/tenants/main/audit-events`, { headers: client.headers });
const out = createWriteStream(file);
await finished(Readable.fromWeb(response.body as never).pipe(out));
const exported = perSecond(count, began);
clearInterval(watch);
row(
  `export of ${count.toLocaleString('en')} events as NDJSON (${Math.round(statSync(file).size / 1_048_576)} MB)`,
  `${rateText(exported)}, memory +${Math.max(0, Math.round((peak - before) / 1_048_576))} MB`,
  'constant memory',
);

const inFile: number[] = [];
for (let round = 0; round < 5; round += 1) {
  began = performance.now();
  const { events, faultCount } = await verifyExport(createReadStream(file, { highWaterMark: 1 << 20 }), keys, []);
  if (faultCount > 0) throw new Error('the export is not intact');
  inFile.push(perSecond(events, began));
}
row('verify an export, without a gateway', rateText(median(inFile)), 'at least 300,000/s');

const inStore: number[] = [];
for (let round = 0; round < 3; round += 1) {
  began = performance.now();
  for await (const { events, faultCount } of verifyStore(connection, keys, [], tenant.id)) {
    if (faultCount > 0) throw new Error('the store is not intact');
    inStore.push(perSecond(events, began));
  }
}
row('verify the store, next to a gateway', rateText(median(inStore)), 'at least 300,000/s');
rmSync(folder, { recursive: true, force: true });
await bench.close();
