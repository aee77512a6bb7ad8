/** The documents that every contestant answers alike. */
export const documents = {
  tiny: '{ viewer { name } }',
  list: '{ tenant(key: "main") { triggers(first: 20) { nodes { id triggerId disabled flow { id revision } } } } }',
  nested:
    '{ tenant(key: "main") { flows(first: 20) { nodes { id flowId triggers(first: 5) { nodes { id triggerId } } } } } }',
} as const;
export type Work = keyof typeof documents;

/** Namespaces that the token of the benchmark reaches, with all below them. */
export const reached = Array.from({ length: 10 }, (_, i) => `team${i}`);

/** Parameters of a contestant: its environment. */
export interface Place {
  readonly port: number;
  readonly databaseUrl: string;
  readonly token: string;
}
export const place = (): Place => ({
  port: Number(process.env['PORT']),
  databaseUrl: process.env['DATABASE_URL']!,
  token: process.env['BENCH_TOKEN']!,
});

/** The condition of the token's bindings on a table, with its parameters from $1 on: tenant, then names. */
export const reachSql = (alias: string): string =>
  `${alias}."tenantId" = $1 AND (${reached
    .map((_, i) => {
      const at = 2 + i * 3;
      return `${alias}.namespace = $${at} OR (${alias}.namespace >= $${at + 1} AND ${alias}.namespace < $${at + 2})`;
    })
    .join(' OR ')})`;
export const reachValues = (tenantId: string): string[] => [
  tenantId,
  ...reached.flatMap((name) => [name, `${name}.`, `${name}/`]),
];
