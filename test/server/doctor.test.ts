import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeMasterKey } from '../../src/auth/key-file.ts';
import { GatewayProgram } from '../support/program.ts';
import { masterKey, World } from '../support/world.ts';
import { Program } from './tools.ts';

describe('gatehouse doctor', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
    await world.tenant('a');
  });
  afterAll(() => world.close());

  const doctor = async (env: Record<string, string> = {}): Promise<{ code: number | null; out: string }> => {
    const { host, user, password, database } = world.connection;
    const program = new Program(['src/main.ts', 'doctor'], {
      DATABASE_URL: `postgresql://${user}:${password}@localhost/${database}?host=${encodeURIComponent(host)}`,
      GATEHOUSE_MASTER_KEY: masterKey,
      ...env,
    });
    const { code } = await program.ended;
    return { code, out: program.out + program.error };
  };
  const lines = (out: string, level: string) => out.split('\n').filter((line) => line.startsWith(level));

  it('finds nothing wrong with a sound store, while its gateway runs', async () => {
    const { code, out } = await doctor();
    // The server of the tests trades safety for speed.
    const faults = lines(out, 'FAULT').filter((line) => !/fsync|synchronous_commit|full_page_writes/.test(line));
    expect([faults, out]).toEqual([
      [],
      expect.stringMatching(/ok +settings[\s\S]*ok +clocks[\s\S]*ok +migrations[\s\S]*ok +keys[\s\S]*ok +audit log/),
    ]);
    expect(code).toBe(lines(out, 'FAULT').length > 0 ? 1 : 0);
  });

  it('names each fault of the store and what to do', async () => {
    world.hasForgedEvents = true;
    await world.db
      .$executeRaw`UPDATE "_prisma_migrations" SET checksum = 'x' WHERE migration_name = (SELECT max(migration_name) FROM "_prisma_migrations")`;
    const { code, out } = await doctor();
    expect([code, lines(out, 'FAULT').join()]).toEqual([1, expect.stringContaining('Applied in another form')]);
    expect(out).toContain('Use the version of Gatehouse that wrote the store');
    await world.db.$executeRaw`DELETE FROM "_prisma_migrations" WHERE checksum = 'x'`;
    expect((await doctor()).out).toMatch(/WARNING +migrations: Not applied yet: \w+\.\n +Back up the store/);
  });

  it('names a changed head, another key, failing destinations and unsuitable settings of the database', async () => {
    // The former test removed the newest migration from the ledger; its table is there.
    const { migrations } = await import('../../src/db/migrate.ts');
    const { name, checksum } = migrations().at(-1)!;
    await world.db
      .$executeRaw`INSERT INTO "_prisma_migrations" (id, checksum, migration_name, finished_at) VALUES ('again', ${checksum}, ${name}, now())`;
    const { id } = await world.db.tenant.findFirstOrThrow({ where: { key: 'a' } });
    await world.db.$executeRawUnsafe(`ALTER TABLE "AuditEvent" DISABLE TRIGGER ALL`);
    await world.db
      .$executeRaw`UPDATE "AuditEvent" SET "actorName" = 'forged' WHERE "tenantId" = ${id} AND seq = (SELECT max(seq) FROM "AuditEvent" WHERE "tenantId" = ${id})`;
    await world.db
      .$executeRaw`INSERT INTO "AuditShipping" (name, transaction, ordinal, "failingSince", fault, rejected) VALUES ('siem', 0, 0, now(), 'refused by the peer', 3), ('old', 0, 0, NULL, NULL, 0)`;
    await world.db.$executeRawUnsafe(
      `ALTER DATABASE "${world.name}" SET default_transaction_isolation = 'serializable'`,
    );
    const folder = (await GatewayProgram.create()).folder;
    const file = join(folder, 'gatehouse.yaml');
    writeFileSync(
      file,
      'audit: { ship: [{ name: siem, to: webhook, url: "http://127.0.0.1:9/", secretFrom: SIEM_SECRET }] }\n',
    );
    const { code, out } = await doctor({
      GATEHOUSE_CONFIG: file,
      SIEM_SECRET: 'at least sixteen characters',
      GATEHOUSE_MASTER_KEY: 'another master key, for none of the gateways',
    });
    expect(code).toBe(1);
    expect(out).toMatch(new RegExp(`FAULT +audit log: The head of the chain of tenant ${id} is invalid. CHANGED`));
    expect(out).toMatch(
      /FAULT +keys: The store uses the master key \S+; this one is \S+\.\n +Set GATEHOUSE_MASTER_KEY/,
    );
    expect(out).toMatch(
      /FAULT +shipping: siem has failed since \S+: refused by the peer\. The oldest event waits for \d+ s/,
    );
    expect(out).toMatch(/WARNING +shipping: siem rejected 3 events/);
    expect(out).toMatch(/WARNING +shipping: old is not in the settings/);
    expect(out).toMatch(/FAULT +database: default_transaction_isolation is serializable/);
    expect(out).not.toMatch(/\n\s+at /);
  });

  it('lists all faults of the settings, and says why a database cannot be reached', async () => {
    const settings = await doctor({ PORT: 'x', GATEHOUSE_UNKNOWN: '1' });
    expect([settings.code, lines(settings.out, 'FAULT').length]).toEqual([1, 2]);
    const { code, out } = await doctor({ DATABASE_URL: 'postgresql://127.0.0.1:9/none' });
    expect([code, out]).toEqual([
      1,
      expect.stringMatching(/FAULT +database: PostgreSQL at 127\.0\.0\.1:9 refuses connections/),
    ]);
  });

  it('writes nothing into an empty data folder, and names a key that others can read', async () => {
    const program = await GatewayProgram.create();
    const data = program.env['GATEHOUSE_DATA_DIR']!;
    const empty = await program.run('doctor');
    expect([empty.code, empty.output, existsSync(data)]).toEqual([0, expect.stringContaining('has no store'), false]);
    makeMasterKey(data);
    chmodSync(join(data, 'master.key'), 0o644);
    const open = await program.run('doctor');
    expect([open.code, open.output]).toEqual([1, expect.stringMatching(/FAULT +keys: Other accounts[\s\S]*chmod 600/)]);
    await program.remove();
  });
});
