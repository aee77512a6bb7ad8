import { rmSync } from 'node:fs';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { startEmbedded } from '../../src/db/embedded.ts';
import { migrate } from '../../src/db/migrate.ts';
import { temporaryFolder } from './folder.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The connection to the test server. Each test file clones the database `template`. */
    server: { host: string; user: string; password: string };
  }
}

/** Starts one real PostgreSQL for the run, with a migrated database to clone. */
export default async function setup(project: TestProject) {
  const folder = temporaryFolder('test');
  const server = await startEmbedded(folder);
  const { host, user, password } = server.connection as { host: string; user: string; password: string };
  const client = new pg.Client({ host, user, password, database: 'postgres' });
  await client.connect();
  // Durability is off, because most tests do not need it. Tests that kill a server start their own.
  await client.query('ALTER SYSTEM SET fsync = off');
  await client.query('ALTER SYSTEM SET synchronous_commit = off');
  await client.query('SELECT pg_reload_conf()');
  await client.query('CREATE DATABASE template');
  await migrate({ host, user, password, database: 'template' });
  // A database with connections cannot be cloned.
  await client.query('ALTER DATABASE template ALLOW_CONNECTIONS false');
  await client.end();
  project.provide('server', { host, user, password });
  return async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
}
