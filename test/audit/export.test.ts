import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, Socket } from 'node:net';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { append, envelope } from '../../src/audit/record.ts';
import { verifyExport } from '../../src/audit/verify-export.ts';
import { exportEvents } from '../../src/cli/audit-export.ts';
import type { Tenant, User } from '../../src/db/generated/client.ts';
import { pemOf } from '../../src/lib/signing.ts';
import { pruneAudit } from '../../src/resources/governance/audit-log/retention.ts';
import { until } from '../server/tools.ts';
import type { Client } from '../support/client.ts';
import { temporaryFolder } from '../support/folder.ts';
import { idOf, readsOfTenants, World } from '../support/world.ts';

describe('the export of audit events', () => {
  let world: World;
  let main: Tenant;
  let auditor: Client;
  let auditorRow: User;
  const folder = temporaryFolder('export');

  beforeAll(async () => {
    world = await World.create();
    main = await world.tenant('main');
    for (const name of ['company.data', 'company.data.raw', 'company.secret']) await world.namespace(main, name);
    auditorRow = await world.user('auditor', [main]);
    await world.grant(main, auditorRow, readsOfTenants);
    auditor = await world.as(auditorRow);
    await note('=HYPERLINK("http://evil.example";"x")');
    await note('two\r\nlines, "quoted", ünïcode \u2028');
  });
  afterAll(() => world.close());

  /** Records an event with this reason. */
  const note = (reason: string, count = 1, length = 0) =>
    world.write(async (tx) => {
      for (let i = 0; i < count; i += 1)
        append(tx, {
          ...envelope({ kind: 'SYSTEM', id: '', name: 'test', requestId: 'test', reason } as never),
          tenantId: main.id,
          tenantKey: main.key,
          type: 'UPDATE',
          action: 'namespace.update',
          outcome: 'SUCCESS',
          resource: 'NAMESPACE',
          resourceId: `n${i}`,
          resourceKey: `n${i}`,
          namespace: 'company.data',
          patchText: 'x'.repeat(length),
        });
    });
  const get = (client: Client, path = '/tenants/main/audit-events', query = '') =>
    fetch(`${world.urls[0]}${path}${query}`, { headers: client.headers });
  const text = async (client: Client, query = '', path?: string): Promise<string> => {
    const response = await get(client, path, query);
    const body = await response.text();
    if (response.status !== 200) throw new Error(`status ${response.status}: ${body}`);
    return body;
  };
  const keys = () => world.app.services.keys.signing;
  const check = async (file: string) => {
    async function* chunks() {
      // In chunks that end at any byte.
      const bytes = Buffer.from(file);
      for (let i = 0; i < bytes.length; i += 777) yield bytes.subarray(i, i + 777);
    }
    const { faults, events } = await verifyExport(chunks(), keys(), []);
    return { events, faults: faults.map(({ kind, seq }) => `${kind}${seq === undefined ? '' : ` ${seq}`}`) };
  };
  const seqs = (file: string): number[] =>
    file
      .split('\n')
      .filter((line) => line.startsWith('{"seq"'))
      .map((line) => Number(JSON.parse(line).seq));

  it('contains the whole chain, and is verifiable without a gateway', async () => {
    const file = await text(auditor);
    const stored = await world.db.auditEvent.findMany({ where: { tenantId: main.id }, orderBy: { seq: 'asc' } });
    // The READ event of the export itself follows its end.
    expect(seqs(file)).toEqual(stored.slice(0, -1).map(({ seq }) => Number(seq)));
    expect(stored.at(-1)).toMatchObject({
      type: 'READ',
      action: 'auditlog.read',
      actorName: 'auditor',
      details: { read: [{ field: 'export' }] },
    });
    expect(await check(file)).toEqual({ events: stored.length - 1, faults: [] });
    const [first] = file.split('\n').filter((line) => line.startsWith('{"seq"'));
    const { event } = JSON.parse(first!);
    expect(event).toMatchObject({ tenantKey: 'main', id: stored[0]!.id, action: 'tenant.create' });
  });

  it('reveals every change to the file', async () => {
    const file = await text(auditor);
    const lines = file.trimEnd().split('\n');
    const joined = (changed: string[]) => check(`${changed.join('\n')}\n`);
    const end = seqs(file).length;
    expect(
      (await joined(lines.map((line, i) => (i === 4 ? line.replace('"SUCCESS"', '"DENIED"') : line)))).faults,
    ).toEqual(['CHANGED 4']);
    expect((await joined(lines.toSpliced(4, 1))).faults).toEqual(['MISSING 5']);
    expect((await joined(lines.toSpliced(4, 2, lines[5]!, lines[4]!))).faults).toEqual([
      'MISSING 5',
      'BROKEN 4',
      'MISSING 6',
    ]);
    expect((await joined(lines.toSpliced(4, 0, lines[3]!))).faults).toEqual(
      ['BROKEN 3', 'BROKEN 4'].slice(0, 1).concat('MISSING 4').slice(0, 1),
    );
    expect((await joined(lines.toSpliced(end - 1, 2))).faults).toEqual([`TRUNCATED ${end}`]);
    expect((await joined(lines.slice(0, -1))).faults).toEqual([`TRUNCATED ${end}`]);
    expect((await check(file.slice(0, -3))).faults).toEqual([`TRUNCATED`, `TRUNCATED ${end}`]);
    const foreign = await text(world.root(), '', '/audit-events');
    const alien = foreign.split('\n').find((line) => line.startsWith('{"seq":"2"'))!;
    expect((await joined(lines.toSpliced(2, 1, alien))).faults).toEqual(['BROKEN 2', 'FOREIGN 2', 'BROKEN 3']);
    expect((await joined([...lines.slice(0, -1), foreign.trimEnd().split('\n').at(-1)!])).faults).toContain(
      `TRUNCATED ${end}`,
    );
    expect((await joined(lines.toSpliced(3, 0, 'nonsense'))).faults).toEqual(['UNREADABLE']);
    expect((await verifyExport(buffers(file), [], [])).faults.map(({ kind }) => kind)).toEqual([
      'UNPROVEN',
      'TRUNCATED',
    ]);
  });
  async function* buffers(file: string) {
    yield Buffer.from(file);
  }

  it('reveals a prepended line, and a checkpoint that poses as a tombstone', async () => {
    const lines = (await text(auditor)).trimEnd().split('\n');
    for (const extra of [lines[4]!, '{"seq":"9","event":{}}', 'nonsense'])
      expect((await check(`${[extra, ...lines].join('\n')}\n`)).faults).toEqual(['UNREADABLE']);
    const { checkpoint } = JSON.parse(lines.at(-1)!);
    const [first, ...later] = (await text(auditor)).trimEnd().split('\n');
    const begin = JSON.parse(first!);
    begin.export.tombstone = checkpoint;
    const rest = later.slice(Number(checkpoint.seq));
    expect(rest[0]).toMatch(`{"seq":"${Number(checkpoint.seq) + 1}"`);
    expect((await check(`${[JSON.stringify(begin), ...rest].join('\n')}\n`)).faults).toEqual([
      `UNPROVEN ${checkpoint.seq}`,
      `MISSING ${Number(checkpoint.seq) + 1}`,
    ]);
  });

  it('verifies with the line ends of another system, and with a line of any length', async () => {
    const file = await text(auditor);
    expect((await check(file.replaceAll('\n', '\r\n'))).faults).toEqual([]);
    const [first] = file.split('\n', 1);
    async function* long() {
      yield Buffer.from(`${first}\n{"seq":"1`);
      for (let i = 0; i < 200; i += 1) yield Buffer.alloc(1 << 20, 'x');
      yield Buffer.from('"}\n');
    }
    const began = performance.now();
    expect((await verifyExport(long(), keys(), [])).faults.map(({ kind }) => kind)).toEqual([
      'UNREADABLE',
      'TRUNCATED',
    ]);
    // The control: concatenating chunk by chunk copies 20 GB.
    expect(performance.now() - began).toBeLessThan(8_000);
  });

  it('contains no other namespace for a reader of one, and does not verify as a whole chain', async () => {
    const local = await world.user('local', [main]);
    await world.grant(main, local, ['AUDITLOG:READ'], 'company.data');
    const client = await world.as(local);
    const response = await get(client);
    expect(response.headers.get('gatehouse-audit-head')).toBeNull();
    const file = await response.text();
    expect(file).not.toContain('company.secret');
    expect(JSON.parse(file.split('\n')[0]!).export).toMatchObject({ whole: false, tenantKey: 'main' });
    const namespaces = new Set(
      file
        .split('\n')
        .filter((line) => line.startsWith('{"seq"'))
        .map((line) => (JSON.parse(line).event ?? JSON.parse(line).shown).namespace),
    );
    expect([...namespaces].sort()).toEqual(['company.data', 'company.data.raw']);
    expect(file).not.toContain('"checkpoint"');
    expect((await check(file)).faults).toContain('UNPROVABLE');
  });

  it('answers an unreadable tenant like a missing one, and names every fault of its query', async () => {
    const stranger = await world.as(await world.user('stranger', [main]));
    expect((await get(stranger)).status).toBe(403);
    expect((await get(stranger, '/tenants/nowhere/audit-events')).status).toBe(404);
    expect((await get(await world.as(await world.user('outside')))).status).toBe(404);
    expect((await get(auditor, '/audit-events')).status).toBe(403);
    expect((await get(world.anonymous())).status).toBe(401);
    const response = await get(auditor, undefined, '?format=xml&kind=WISH&colour=red&from=yesterday&after=nonsense');
    expect(response.status).toBe(400);
    const [error] = ((await response.json()) as { errors: { extensions: { issues: { path: string[] }[] } }[] }).errors;
    expect(error!.extensions.issues.map(({ path }) => path[0]).sort()).toEqual(['colour', 'format', 'from', 'kind']);
    expect((await get(auditor, undefined, '?after=nonsense')).status).toBe(400);
    // A date that the calendar does not have, and an instant of an unknown zone.
    for (const from of ['2026-02-30T00:00:00Z', '2026-01-01T00:00:00'])
      expect((await get(auditor, undefined, `?from=${from}`)).status).toBe(400);
    const foreign = (await text(world.root(), '', '/audit-events')).match(/"cursor":"([\w-]+)"/)![1];
    expect((await get(auditor, undefined, `?after=${foreign}`)).status).toBe(400);
  });

  it('accepts the filters of the query', async () => {
    const file = await text(
      auditor,
      `?under=company.data&kind=CREATE&kind=UPDATE&resource=NAMESPACE&until=2100-01-01T00:00:00Z`,
    );
    const events = file
      .split('\n')
      .filter((line) => line.startsWith('{"seq"'))
      .map((line) => JSON.parse(line).event);
    expect(events.map(({ action, namespace }) => `${action} ${namespace}`)).toEqual([
      'namespace.create company.data',
      'namespace.create company.data.raw',
      'namespace.update company.data',
      'namespace.update company.data',
    ]);
    expect(JSON.parse(file.split('\n')[0]!).export.whole).toBe(false);
    const one = await text(auditor, `?actor=${encodeURIComponent(idOf('User', auditorRow))}`);
    expect(one).toContain('"actorName":"auditor"');
  });

  it('has one line per event as CSV, without formulas', async () => {
    const file = await text(auditor, '?format=csv');
    const rows = parse(file, { columns: true }) as Record<string, string>[];
    expect(rows.map(({ seq }) => Number(seq))).toEqual(rows.map((_, i) => i + 1));
    expect(file.trimEnd().split('\r\n')).toHaveLength(rows.length + 1);
    const reasons = rows.map(({ reason }) => reason);
    expect(reasons).toContain(`'=HYPERLINK("http://evil.example";"x")`);
    expect(reasons).toContain('two\\nlines, "quoted", ünïcode \u2028');
    expect(rows.find(({ action }) => action === 'namespace.create')!['patch']).toContain('"op":"replace"');
  });

  it('continues after any of its lines', async () => {
    const file = await text(auditor);
    const events = file.split('\n').filter((line) => line.startsWith('{"seq"'));
    for (const at of [0, 3, events.length - 1]) {
      const cursor = JSON.parse(events[at]!).cursor as string;
      const rest = (await text(auditor, `?after=${cursor}`)).split('\n').filter((line) => line.startsWith('{"seq"'));
      expect(rest.slice(0, events.length - 1 - at)).toEqual(events.slice(at + 1));
    }
  });

  describe('with the command line', () => {
    let proxy: Server;
    /** The connection breaks after so many bytes of the response. */
    let breakAfter = Number.POSITIVE_INFINITY;
    beforeAll(async () => {
      await note('many', 4_000, 200);
      proxy = createServer((client) => {
        const upstream = new Socket().connect(Number(new URL(world.urls[0]!).port), '127.0.0.1');
        let bytes = 0;
        client.pipe(upstream);
        upstream.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          client.write(bytes > breakAfter ? chunk.subarray(0, Math.max(0, chunk.length - 100)) : chunk);
          if (bytes > breakAfter) {
            breakAfter *= 1.7;
            client.resetAndDestroy();
            upstream.destroy();
          }
        });
        const end = () => {
          client.destroy();
          upstream.destroy();
        };
        for (const socket of [client, upstream]) socket.on('error', () => undefined).on('close', end);
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    });
    afterAll(() => void proxy.close());
    afterEach(() => {
      breakAfter = Number.POSITIVE_INFINITY;
    });
    const run = (out: string, ...more: string[]) => {
      const { port } = proxy.address() as { port: number };
      const token = auditor.headers['authorization']!.slice('Bearer '.length);
      return exportEvents([
        '--tenant',
        'main',
        '--out',
        out,
        '--server',
        `http://127.0.0.1:${port}`,
        '--api-token',
        token,
        ...more,
      ]);
    };

    it.each(['ndjson', 'csv'])('is complete as %s, however often the connection breaks', async (format) => {
      const out = join(folder, `broken.${format}`);
      breakAfter = 200_000;
      expect(await run(out, '--format', format)).toBe(0);
      expect(breakAfter).toBeGreaterThan(400_000);
      const file = readFileSync(out, 'utf8');
      if (format === 'csv') {
        const rows = parse(file, { columns: true }) as Record<string, string>[];
        expect(rows.map(({ seq }) => Number(seq))).toEqual(rows.map((_, i) => i + 1));
        expect(rows.length).toBeGreaterThan(4_000);
      } else {
        const { events, faults } = await check(file);
        expect(faults).toEqual([]);
        expect(events).toBeGreaterThan(4_000);
      }
    });

    it('continues a file that was truncated anywhere, and a complete one', async () => {
      const out = join(folder, 'resumed.ndjson');
      expect(await run(out)).toBe(0);
      const whole = readFileSync(out);
      for (const size of [0, 50, 400, 5_000, whole.length - 20]) {
        writeFileSync(out, whole.subarray(0, size));
        expect(await run(out, '--resume')).toBe(0);
        expect((await check(readFileSync(out, 'utf8'))).faults).toEqual([]);
      }
      await expect(run(out)).rejects.toThrow('--resume');
      const other = join(folder, 'other.txt');
      for (const content of [
        'something else\nentirely\nthat is long\n',
        'one line',
        'two\nlines\nand half a',
        '{"a":1}\n',
      ]) {
        writeFileSync(other, content);
        await expect(run(other, '--resume')).rejects.toThrow('not an export');
        expect(readFileSync(other, 'utf8')).toBe(content);
      }
      const before = readFileSync(out);
      await expect(run(out, '--resume', '--format', 'csv')).rejects.toThrow('as csv');
      expect(readFileSync(out)).toEqual(before);
    });

    it('reports why it is refused, and leaves no file', async () => {
      const out = join(folder, 'refused.ndjson');
      const stranger = await world.as(await world.user('stranger2', [main]));
      const token = stranger.headers['authorization']!.slice('Bearer '.length);
      await expect(
        exportEvents(['--tenant', 'main', '--out', out, '--server', world.urls[0]!, '--api-token', token]),
      ).rejects.toThrow('AUDITLOG');
      expect(existsSync(out)).toBe(false);
    });
  });

  /** Starts an export over a socket that reads nothing until it is resumed. */
  async function halted(query = '') {
    const answer = await get(auditor, undefined, query);
    const reader = answer.body!.getReader();
    const rest = async () => {
      let all = '';
      const decoder = new TextDecoder();
      for (let part = await reader.read(); !part.done; part = await reader.read()) all += decoder.decode(part.value);
      return all;
    };
    return { status: answer.status, rest, leave: () => reader.cancel() };
  }

  it('is refused to a caller with many open exports, and buffers little of each', async () => {
    await note('unread', 2_000, 4_000);
    const open = await Promise.all(Array.from({ length: 20 }, () => halted()));
    expect(open.filter(({ status }) => status === 200)).toHaveLength(8);
    expect(open.filter(({ status }) => status === 503)).toHaveLength(12);
    await Promise.all(open.map(({ leave }) => leave()));
    await until('a place', async () => {
      const { status, leave } = await halted();
      await leave();
      return status === 200;
    });
  });

  it('ends with an error if its next events are pruned', async () => {
    await note('pruned', 3_000, 6_000);
    const one = await halted('?format=csv');
    await pruneAudit(world.app.store, world.app.services.keys, {
      keepDays: 1,
      slackMs: 0,
      now: Date.now() + 86_400_000,
    });
    await note('later');
    await expect(one.rest()).rejects.toThrow();
  });

  it('states where it begins after a pruning, and refuses older cursors', async () => {
    await note('many more', 4_000, 10);
    const file = await text(auditor);
    const cursor = JSON.parse(file.split('\n')[2]!).cursor as string;
    const removed = await pruneAudit(world.app.store, world.app.services.keys, {
      keepDays: 1,
      slackMs: 0,
      now: Date.now() + 86_400_000,
    });
    expect(removed).toBeGreaterThan(4_000);
    await note('after');
    const response = await get(auditor, undefined, `?after=${cursor}`);
    expect(response.status).toBe(410);
    const { extensions } = (
      (await response.json()) as { errors: { extensions: { code: string; oldestCursor: string } }[] }
    ).errors[0]!;
    expect(extensions.code).toBe('CURSOR_EXPIRED');
    const rest = await text(auditor, `?after=${extensions.oldestCursor}`);
    expect(seqs(rest)[0]).toBe((await prunedTo(main.id)) + 1);
    const fresh = await text(auditor);
    expect(await check(fresh)).toMatchObject({ faults: [] });
    expect(JSON.parse(fresh.split('\n')[0]!).export.tombstone.kind).toBe('tombstone');
    // The same, with only the file and the public key.
    const forged = fresh.replace(/("tombstone":\{[^}]*"hash":")[0-9a-f]{4}/, '$1ffff');
    expect((await check(forged)).faults).toEqual([
      expect.stringMatching(/^UNPROVEN/),
      expect.stringMatching(/^MISSING/),
    ]);
    expect(pemOf(keys()[0])).toContain('PUBLIC KEY');
  });
  /** Returns the sequence number up to which a chain was pruned. */
  const prunedTo = async (tenantId: string): Promise<number> =>
    Number((await world.db.auditTombstone.findFirst({ where: { tenantId } }))?.seq ?? 0n);
});
