import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { masterKey } from '../../src/auth/key-file.ts';
import { preparePlace } from '../../src/db/embedded-place.ts';
import { migrate } from '../../src/db/migrate.ts';
import { openOwn, privateFolder } from '../../src/db/private-folder.ts';
import { DatabaseError, reach } from '../../src/db/reach.ts';
import { DatabaseProxy } from '../support/database-proxy.ts';
import { temporaryFolder } from '../support/folder.ts';
import { freePort, GatewayProgram } from '../support/program.ts';
import { World } from '../support/world.ts';

const isRoot = process.getuid?.() === 0;
const stranger = 54_321;
const folders: string[] = [];
const folder = (): string => {
  const made = temporaryFolder('start');
  folders.push(made);
  return made;
};
afterAll(() => {
  for (const made of folders) rmSync(made, { recursive: true, force: true });
});

describe('the folders of the embedded PostgreSQL', () => {
  it('are inaccessible to every other account, and none is in a shared folder', () => {
    const data = folder();
    const place = preparePlace(data);
    expect(place.socket.startsWith(data)).toBe(true);
    expect(readdirSync(data).sort()).toEqual(['postgres', 'postgres.run']);
    // A predictable name in a shared folder is never used, however long the path is.
    const long = join(folder(), 'x'.repeat(90));
    const [first, second] = [preparePlace(long), preparePlace(long)];
    expect(first.socket).not.toBe(second.socket);
    for (const { socket } of [first, second]) folders.push(socket);
  });

  it('are not created in a folder that others can write to, nor through a link', () => {
    const data = folder();
    const target = folder();
    symlinkSync(target, join(data, 'postgres.run'));
    expect(() => preparePlace(data)).toThrow(/postgres\.run is not a folder of PostgreSQL's account/);
    expect(readdirSync(target)).toEqual([]);
    const open = folder();
    chmodSync(open, 0o777);
    expect(() => preparePlace(open)).toThrow(`chmod o-w ${open}`);
    expect(readdirSync(open)).toEqual([]);
    writeFileSync(join(target, 'file'), 'as it was');
    symlinkSync(join(target, 'file'), join(target, 'postgres.log'));
    expect(() => openOwn(join(target, 'postgres.log'))).toThrow(/cannot be opened/);
    expect(readFileSync(join(target, 'file'), 'utf8')).toBe('as it was');
  });

  it.runIf(isRoot)('are refused if another account created them first', () => {
    const data = folder();
    mkdirSync(join(data, 'postgres.run'));
    chownSync(join(data, 'postgres.run'), stranger, stranger);
    expect(() => preparePlace(data)).toThrow(/is not a folder of PostgreSQL's account/);
    const foreign = folder();
    chownSync(foreign, stranger, stranger);
    expect(() => preparePlace(foreign)).toThrow(`belongs to another account (${stranger})`);
    expect(readdirSync(foreign)).toEqual([]);
    expect(() => privateFolder(join(foreign, 'x'), undefined)).toThrow(/belongs to another account/);
  });

  it.runIf(isRoot)('belong to the account that the operator names', () => {
    expect(() => preparePlace(folder(), 'root')).toThrow(/PostgreSQL cannot run as root/);
    expect(() => preparePlace(folder(), 'no-such-account')).toThrow(/The account no-such-account does not exist/);
    const data = folder();
    const account = preparePlace(data).account!;
    const daemon = preparePlace(data, 'daemon').account!;
    expect(daemon.uid).not.toBe(account.uid);
    // The other folders of the data keep their owner.
    expect(() => preparePlace(data, 'daemon')).not.toThrow();
  });
});

describe('a database that cannot be used', () => {
  let proxy: DatabaseProxy;
  const url = (own: { user?: string; password?: string; database?: string; port?: number }) => {
    const { user, password } = { ...inject('server'), ...own };
    return `postgresql://${user}:${password}@127.0.0.1:${own.port ?? proxy.port}/${own.database ?? 'postgres'}`;
  };
  const onServer = async (...statements: string[]) => {
    const client = new pg.Client({ ...inject('server'), database: 'postgres' });
    await client.connect();
    for (const statement of statements) await client.query(statement);
    await client.end();
  };
  const fault = (connectionString: string, milliseconds?: number) =>
    reach({ connectionString }, milliseconds).then(
      () => undefined,
      (error: Error) => error,
    );
  beforeAll(async () => {
    proxy = await DatabaseProxy.start(World.socket());
    await onServer(
      'CREATE DATABASE standing_by',
      'ALTER DATABASE standing_by SET default_transaction_read_only = on',
      "CREATE ROLE guest LOGIN PASSWORD 'guest'",
    );
  });
  afterAll(async () => {
    proxy.close();
    await onServer('DROP DATABASE standing_by', 'DROP ROLE guest');
  });

  it('is reported in one sentence, with the remedy', async () => {
    const cases: [string, RegExp][] = [
      [url({ port: await freePort() }), /refuses connections\. Start it, or correct the host and port/],
      [url({ database: 'none' }), /The database none does not exist at .*CREATE DATABASE "none"/],
      [url({ user: 'none' }), /refuses the sign-in of none .*Create the role, or correct the user and password/],
      [url({ password: 'wrong' }), /refuses the sign-in of gatehouse/],
      [url({ database: 'standing_by' }), /is read-only, such as a standby\. Set DATABASE_URL to the primary/],
      ['postgresql://a:b@nowhere.invalid/x', /cannot be reached .*Correct the host/],
    ];
    for (const [connectionString, message] of cases) {
      const error = await fault(connectionString);
      expect([connectionString, error]).toEqual([connectionString, expect.any(DatabaseError)]);
      expect(error!.message).toMatch(message);
      expect(error!.message).not.toContain(inject('server').password);
    }
    expect(await fault(url({}))).toBeUndefined();
    // A role that can sign in and cannot create a table.
    const guest = url({ user: 'guest', password: 'guest' });
    await expect(migrate({ connectionString: guest })).rejects.toThrow(/The role guest cannot create tables.*GRANT/);
  });

  it('has a limited time to answer if it accepts connections and stays silent', async () => {
    proxy.lose();
    const error = await fault(url({}), 300);
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error!.message).toMatch(/did not answer within/);
    proxy.find();
  });

  it('ends the program with code 1 and without a stack, as does an invalid data folder', async () => {
    const program = await GatewayProgram.create({
      DATABASE_URL: url({ database: 'none' }),
      GATEHOUSE_MASTER_KEY: 'a master key of more than thirty-two characters',
    });
    folders.push(program.folder);
    const wrong = join(program.folder, 'file');
    writeFileSync(wrong, '');
    const other = join(program.folder, 'other');
    mkdirSync(join(other, 'postgres'), { recursive: true });
    const run = async (env: Record<string, string>) => {
      Object.assign(program.env, env);
      return program.run('serve');
    };
    const outcomes = [await run({}), await run({ DATABASE_URL: '', GATEHOUSE_DATA_DIR: wrong })];
    writeFileSync(join(other, 'postgres', 'PG_VERSION'), '15\n');
    writeFileSync(join(other, 'postgres.password'), 'x');
    outcomes.push(await run({ GATEHOUSE_DATA_DIR: other }));
    expect(outcomes.map(({ code }) => code)).toEqual([1, 1, 1]);
    const [database, file, version] = outcomes.map(({ output }) => output);
    expect(database).toMatch(/The database none does not exist/);
    expect(file).toMatch(/The data folder .*file cannot be used .*Set GATEHOUSE_DATA_DIR/);
    expect(version).toMatch(/belongs to PostgreSQL 15, but this program includes 18/);
    for (const { output } of outcomes) expect(output).not.toMatch(/\n\s+at /);
  });
});

describe('the master key file', () => {
  it('is created atomically, for its owner only, and read again', () => {
    const data = folder();
    const key = masterKey(undefined, data);
    expect(Buffer.from(key, 'base64url')).toHaveLength(32);
    expect(masterKey(undefined, data)).toBe(key);
    expect(readdirSync(data).sort()).toEqual(['.gitignore', 'master.key']);
  });

  it('is excluded from git and packages by the data folder, which other files keep in it', () => {
    const data = folder();
    masterKey(undefined, data);
    expect(readFileSync(join(data, '.gitignore'), 'utf8')).toBe('*\n');
    const shared = folder();
    writeFileSync(join(shared, 'flow.yaml'), '');
    masterKey(undefined, shared);
    expect(readdirSync(shared).sort()).toEqual(['flow.yaml', 'master.key']);
  });

  it.each(['', '\n', 'short', 'x'.repeat(31)])('is refused if it is too short: %j', (text) => {
    const data = folder();
    writeFileSync(join(data, 'master.key'), text);
    expect(() => masterKey(undefined, data)).toThrow(/It must have at least 32/);
    expect(readFileSync(join(data, 'master.key'), 'utf8')).toBe(text);
  });

  it('is not replaced silently if a store depends on it, and the error says what to do', async () => {
    const program = await GatewayProgram.create();
    folders.push(program.folder);
    const data = program.env['GATEHOUSE_DATA_DIR']!;
    mkdirSync(join(data, 'postgres'), { recursive: true });
    writeFileSync(join(data, 'postgres', 'PG_VERSION'), '18\n');
    for (const command of [['serve'], ['audit', 'key'], ['secrets', 'rotate']]) {
      const { code, output } = await program.run(...command);
      expect([command, code, output]).toEqual([command, 1, expect.stringMatching(/master\.key is missing.*backup/s)]);
      expect(output).not.toMatch(/\n\s+at /);
    }
    expect(readdirSync(data)).toEqual(['postgres']);
    expect(readdirSync(join(data, 'postgres'))).toEqual(['PG_VERSION']);
    expect(existsSync(join(data, 'master.key'))).toBe(false);
  });
});
