import { AsyncLocalStorage } from 'node:async_hooks';
import type pg from 'pg';
import { Prisma, type PrismaClient } from './generated/client.ts';
import type { OpenTransaction } from './open-transaction.ts';
import type { Tx } from './tx.ts';

const joining = new AsyncLocalStorage<OpenTransaction>();
const nothing = { rows: [], fields: [], rowCount: 0, command: '', oid: 0 };
const ignore = (): void => undefined;

/**
 * The connection that Prisma's adapter gets for a transaction. Its own BEGIN, COMMIT and ROLLBACK are ignored: the
 * transaction begins and ends without Prisma.
 */
export function connectionToJoin(): pg.PoolClient | undefined {
  const transaction = joining.getStore();
  if (!transaction) return undefined;
  const guest = {
    query: async (query: pg.QueryConfig) =>
      /^(BEGIN|COMMIT|ROLLBACK)$/.test(query.text) ? nothing : transaction.query(query),
    on: () => guest,
    removeListener: () => guest,
    release: ignore,
  };
  return guest as unknown as pg.PoolClient;
}

/**
 * Prisma's client of a transaction. Prisma joins at the first use, because its part costs as much as several statements.
 */
export function prismaIn(prisma: PrismaClient, transaction: OpenTransaction): Tx {
  let joined: Promise<Tx> | undefined;
  const join = (): Promise<Tx> => {
    joined ??= new Promise<Tx>((resolve, reject) => {
      const end = Promise.withResolvers<void>();
      transaction.onEnd = end.resolve;
      const stay = (tx: Tx): Promise<void> => {
        resolve(tx);
        return end.promise;
      };
      // The transaction has its own time limit, which is shorter.
      joining.run(transaction, () => prisma.$transaction(stay, { timeout: 86_400_000, maxWait: 2_000 })).catch(reject);
    });
    return joined;
  };
  type Call = (...args: unknown[]) => Promise<unknown>;
  const methodsOf = (model: string): object =>
    new Proxy(
      {},
      {
        get:
          (_target, method: string): Call =>
          async (...args) =>
            ((await join()) as unknown as Record<string, Record<string, Call>>)[model]![method]!(...args),
      },
    );
  const members = new Map<string | symbol, unknown>(Object.entries(sqlIn(transaction)));
  return new Proxy({} as Tx, {
    get(_target, name) {
      // A client is not a promise, and has no symbols.
      if (typeof name === 'symbol' || name === 'then') return undefined;
      if (!members.has(name)) {
        const call: Call = async (...args) => ((await join()) as unknown as Record<string, Call>)[name]!(...args);
        members.set(name, name.startsWith('$') ? call : methodsOf(name));
      }
      return members.get(name);
    },
  });
}

/** SQL needs no part of Prisma: it goes to the driver, which reads values with the same types. */
function sqlIn(transaction: OpenTransaction): object {
  const run = (text: string, values: readonly unknown[]) => transaction.run({ text, values, isKept: true });
  const ofTemplate = (strings: TemplateStringsArray | Prisma.Sql, values: readonly unknown[]) => {
    const sql = strings instanceof Prisma.Sql ? strings : Prisma.sql(strings, ...values);
    return run(sql.text, sql.values);
  };
  const rows = async (result: ReturnType<typeof run>) => (await result).rows;
  const count = async (result: ReturnType<typeof run>) => (await result).rowCount ?? 0;
  return {
    $queryRaw: (strings: TemplateStringsArray | Prisma.Sql, ...values: unknown[]) => rows(ofTemplate(strings, values)),
    $executeRaw: (strings: TemplateStringsArray | Prisma.Sql, ...values: unknown[]) =>
      count(ofTemplate(strings, values)),
    $queryRawUnsafe: (text: string, ...values: unknown[]) => rows(run(text, values)),
    $executeRawUnsafe: (text: string, ...values: unknown[]) => count(run(text, values)),
  };
}
