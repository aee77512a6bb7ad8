import { builder } from '../../../graphql/builder.ts';
import type { Context } from '../../../graphql/context.ts';

/** Max counted events. */
const countedBehind = 100_000;

interface Standing {
  readonly name: string;
  readonly to: string;
  readonly shipped: bigint;
  readonly rejected: bigint;
  readonly shippedAt: Date | null;
  readonly failingSince: Date | null;
  readonly fault: string | null;
  readonly behind: number;
  /** Seconds. */
  readonly lag: number;
}

async function standings({ db, destinations }: Context): Promise<Standing[]> {
  const rows = await db.auditShipping.findMany({ where: { name: { in: destinations.map(({ name }) => name) } } });
  const known = new Map(rows.map((row) => [row.name, row]));
  return Promise.all(
    destinations.map(async ({ name, to }) => {
      const row = known.get(name);
      const { transaction = 0n, ordinal = 0n } = row ?? {};
      const [waiting] = await db.$queryRaw<{ behind: bigint; oldest: Date | null }[]>`
        SELECT count(*) AS behind, min(at) AS oldest FROM (
          SELECT at FROM "AuditEvent" WHERE (transaction, ordinal) > (${transaction}, ${ordinal})
          ORDER BY transaction, ordinal LIMIT ${countedBehind}) waiting`;
      const { behind, oldest } = waiting!;
      return {
        name,
        to,
        shipped: row?.shipped ?? 0n,
        rejected: row?.rejected ?? 0n,
        shippedAt: row?.shippedAt ?? null,
        failingSince: row?.failingSince ?? null,
        fault: row?.fault ?? null,
        behind: Number(behind),
        lag: oldest === null ? 0 : Math.max(0, (Date.now() - oldest.getTime()) / 1_000),
      };
    }),
  );
}

const AuditDestination = builder.objectRef<Standing>('AuditDestination').implement({
  description: 'A destination of audit events and its progress.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Name in the configuration.' }),
    to: t.exposeString('to', { description: 'file, webhook or otlp.' }),
    shipped: t.field({ type: 'BigInt', description: 'Number of accepted events.', resolve: ({ shipped }) => shipped }),
    rejected: t.field({
      type: 'BigInt',
      description: 'Number of permanently rejected events.',
      resolve: ({ rejected }) => rejected,
    }),
    shippedAt: t.expose('shippedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it last accepted events.',
    }),
    behind: t.exposeInt('behind', { description: 'Number of waiting events, counted up to 100,000.' }),
    lag: t.field({
      type: 'Duration',
      description: 'Wait of the oldest of them, in whole seconds.',
      resolve: ({ lag }) => lag,
    }),
    failingSince: t.expose('failingSince', {
      type: 'DateTime',
      nullable: true,
      description: 'Since when it is failing; null if it accepts events.',
    }),
    fault: t.exposeString('fault', {
      nullable: true,
      description: 'Error of the current failure, or of the last rejection.',
    }),
  }),
});

builder.queryField('auditDestinations', (t) =>
  t.field({
    type: [AuditDestination],
    description: 'Destinations of audit events and their progress. Requires a super admin.',
    access: 'AUDITLOG:READ',
    resolve: (_root, _args, context) => standings(context),
  }),
);
