import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Report, verifyExport } from '../../src/console/pages/audit-log/verify/chain.ts';
import { checkpointsOf, keyOf } from '../../src/console/pages/audit-log/verify/crypto.ts';
import type { Tenant } from '../../src/db/generated/client.ts';
import { password, readsOfTenants, World } from '../support/world.ts';

describe('the verification of an export in the browser', () => {
  let world: World;
  let main: Tenant;
  let lines: string[];
  let pem: string;
  let checkpoint: string;
  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    const auditor = await world.user('auditor', [main], { password });
    await world.grant(main, auditor, readsOfTenants);
    for (const name of ['Zwölf', 'a "quoted" name', 'three']) await world.group(main, name);
    const client = world.basic('auditor');
    const answer = await client.ok<any>(
      '{ serverInfo { auditKeys { pem } } tenant(key: "main") { auditCheckpoint { statement keyId signature } } }',
    );
    pem = answer.serverInfo.auditKeys[0].pem;
    const { statement, signature, keyId } = answer.tenant.auditCheckpoint;
    checkpoint = JSON.stringify({ ...statement, keyId, signature });
    const response = await fetch(`${world.urls[0]}/tenants/main/audit-events?format=ndjson`, {
      headers: client.headers,
    });
    lines = (await response.text()).trimEnd().split('\n');
  });
  afterAll(() => world.close());

  const verify = async (given: readonly string[], kept = '', end = '\n'): Promise<Report> => {
    const bytes = new TextEncoder().encode(given.join('\n') + end);
    // In small parts, so that lines and characters are cut.
    const stream = new ReadableStream({
      start(controller) {
        for (let from = 0; from < bytes.length; from += 977) controller.enqueue(bytes.slice(from, from + 977));
        controller.close();
      },
    });
    return verifyExport(stream, [await keyOf(pem)], checkpointsOf(kept), () => undefined);
  };
  const kinds = async (...given: Parameters<typeof verify>) => [
    ...new Set((await verify(...given)).faults.map(({ kind, seq }) => `${kind} ${seq ?? ''}`.trim())),
  ];
  const seqOf = (line: string) => Number(/"seq":"(\d+)"/.exec(line)![1]);

  it('finds nothing in an unchanged one, and proves it by its checkpoints', async () => {
    const report = await verify(lines, checkpoint);
    expect(report).toMatchObject({ faults: [], faultCount: 0, tenantKey: 'main', first: 1, proofs: 2 });
    expect(report.events).toBe(lines.length - 2);
  });

  it('finds a changed event, and the hash that it must have', async () => {
    const at = lines.findIndex((line) => line.includes('three'));
    const changed = lines.with(at, lines[at]!.replaceAll('three', 'four'));
    const report = await verify(changed);
    expect(report.faults).toHaveLength(1);
    expect(report.faults[0]).toMatchObject({ kind: 'CHANGED', seq: seqOf(lines[at]!) });
    expect(report.faults[0]!.expected).not.toBe(report.faults[0]!.found);
  });

  it('finds removed, swapped and cut-off events', async () => {
    expect(await kinds(lines.toSpliced(3, 1))).toEqual([`MISSING ${seqOf(lines[4]!)}`]);
    const swapped = lines.with(3, lines[4]!).with(4, lines[3]!);
    expect(await kinds(swapped)).toContain(`BROKEN ${seqOf(lines[3]!)}`);
    expect(await kinds(lines.slice(0, -1))).toEqual([`TRUNCATED ${lines.length - 2}`]);
    expect(await kinds(lines, '', '')).toEqual(['TRUNCATED', `TRUNCATED ${lines.length - 2}`]);
    expect(await kinds([...lines.slice(0, -2), lines.at(-1)!])).toEqual([`TRUNCATED ${lines.length - 2}`]);
  });

  it('finds a chain that was rewritten, by a checkpoint of before, and a signature that is none', async () => {
    const kept = JSON.parse(checkpoint);
    expect(await kinds(lines, JSON.stringify({ ...kept, hash: 'f'.repeat(64) }))).toEqual([`UNPROVEN ${kept.seq}`]);
    const forged = lines.at(-1)!.replace(/"signature":"./, '"signature":"-');
    expect((await kinds(lines.with(-1, forged)))[0]).toMatch(/^UNPROVEN/);
    await expect(keyOf('no key')).rejects.toThrow('public key');
    expect(() => checkpointsOf('{}')).toThrow('signed statement');
  });
});
