import type { KillSwitch } from '../../../db/generated/client.ts';
import type { Tx } from '../../../db/transaction.ts';
import { conflict, type GatehouseError } from '../../../errors.ts';
import type { CommandKind } from '../execution/commands.ts';

/** Behaviors of a kill switch. */
export const behaviors = {
  HOLD: 'Nothing new starts until the end: triggers are not claimed, and new executions wait. Running executions continue.',
  KILL: 'Nothing new starts, new executions are refused, and running executions are killed.',
} as const;
export type Behavior = keyof typeof behaviors;

/** Commands that start work. An active kill switch holds them back. */
const starting = [
  'CREATE',
  'REPLAY',
  'RESTART',
  'RESUME',
  'UNQUEUE',
  'FORCE_RUN',
] as const satisfies readonly CommandKind[];

const covers = (alias: string): string => `(k."tenantId" IS NULL OR k."tenantId" = ${alias}."tenantId")
  AND (k.namespace = '' OR k.namespace = ${alias}.namespace
    OR (k."flowId" IS NULL AND starts_with(${alias}.namespace, k.namespace || '.')))
  AND (k."flowId" IS NULL OR k."flowId" = ${alias}."flowId")`;
const isActive = `k."startsAt" <= now() AND (k."endsAt" IS NULL OR k."endsAt" > now())`;

/** Condition on rows with a tenant, a namespace and a flow: no active kill switch covers them. */
export const isNotHeld = (alias: string): string =>
  `NOT EXISTS (SELECT FROM "KillSwitch" k WHERE ${isActive} AND ${covers(alias)})`;
/** The same for commands: only those that start work are held back. */
export const isNotHeldCommand = (alias: string): string =>
  `(${alias}.kind NOT IN (${starting.map((kind) => `'${kind}'`).join(', ')}) OR ${isNotHeld(alias)})`;
/** Condition on rows that an active kill switch with KILL covers. */
export const isKilled = (alias: string): string =>
  `EXISTS (SELECT FROM "KillSwitch" k WHERE k.behavior = 'KILL' AND ${isActive} AND ${covers(alias)})`;

interface Place {
  readonly tenantId: string;
  readonly namespace: string;
  readonly flowId: string;
}

/** The active kill switches that cover each flow: those that kill are first, then the older ones. */
export async function activeFor(db: Pick<Tx, '$queryRawUnsafe'>, places: readonly Place[]): Promise<KillSwitch[][]> {
  const rows = await db.$queryRawUnsafe<(KillSwitch & { place: number })[]>(
    `SELECT p.place::int AS place, k.* FROM unnest($1::text[], $2::text[], $3::text[])
       WITH ORDINALITY AS p("tenantId", namespace, "flowId", place)
     JOIN "KillSwitch" k ON ${isActive} AND ${covers('p')} ORDER BY k.behavior DESC, k."startsAt", k.id`,
    places.map(({ tenantId }) => tenantId),
    places.map(({ namespace }) => namespace),
    places.map(({ flowId }) => flowId),
  );
  const byPlace = Map.groupBy(rows, ({ place }) => place);
  return places.map((_, i) => byPlace.get(i + 1) ?? []);
}

/** The error for an execution of a flow that an active kill switch stops. */
export async function killedBy(tx: Tx, flow: Place): Promise<GatehouseError> {
  const [[stop] = []] = await activeFor(tx, [flow]);
  const until = stop?.endsAt ? ` until ${stop.endsAt.toISOString()}` : '';
  return conflict(`A kill switch stops executions of ${flow.namespace}/${flow.flowId}${until}.`);
}
