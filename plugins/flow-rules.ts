import { Cron } from 'croner';
import { abstain, definePolicy, deny, isWithin, namespaceName, z } from '../src/policy/contract.ts';

/** A type, or the beginning of types, such as io.company.*. */
const typePattern = z
  .string()
  .max(255, 'can have at most 255 characters')
  .regex(/^[A-Za-z][A-Za-z0-9_$.-]*\*?$|^\*$/, 'is not a type, or the beginning of types with * at the end');
const types = z
  .strictObject({
    /** If given, only these types are allowed. */
    allow: z.array(typePattern).max(500, 'The list can have at most 500 types.').optional(),
    deny: z.array(typePattern).max(500, 'The list can have at most 500 types.').optional(),
  })
  .refine(({ allow, deny }) => allow !== undefined || deny !== undefined, 'requires allow or deny');
const label = z.strictObject({
  key: z.string().min(1).max(256),
  /** Allowed values. Omitted: any. */
  values: z.array(z.string()).min(1).max(200).optional(),
});
const rule = z.strictObject({
  /** Only in these namespaces and below. Omitted: everywhere. */
  namespaces: z.array(namespaceName).min(1).max(100).optional(),
  /** Key of the tenant. Omitted: every tenant. */
  tenant: z.string().optional(),
  tasks: types.optional(),
  triggers: types.optional(),
  /** Labels that a flow must have. */
  labels: z.array(label).max(50, 'The list can have at most 50 labels.').optional(),
  /** Beginnings of the container images that tasks can use, such as registry.company.example/. */
  images: z.array(z.string().min(1).max(500)).max(100, 'The list can have at most 100 images.').optional(),
  /** Min minutes between two dates of a schedule, at most a day. */
  minScheduleMinutes: z.int().positive().max(1_440).optional(),
});
type Rule = z.infer<typeof rule>;

/** What a review knows of a flow. */
interface Task {
  readonly id: string;
  readonly type: string;
  readonly images?: readonly string[];
}
interface Trigger {
  readonly id: string;
  readonly type: string;
  readonly cron?: string | null;
  readonly withSeconds?: boolean | null;
}

const isAny = (type: string, patterns: readonly string[]): boolean =>
  patterns.some((one) => (one.endsWith('*') ? type.startsWith(one.slice(0, -1)) : type === one));

function* typeFaults(
  kind: 'task' | 'trigger',
  list: readonly (Task | Trigger)[],
  given: z.infer<typeof types> | undefined,
): Iterable<string> {
  if (!given) return;
  for (const { id, type } of list) {
    const isAllowed = given.allow === undefined || isAny(type, given.allow);
    if (!isAllowed || isAny(type, given.deny ?? [])) yield `${kind} ${id}: the type ${type} is not allowed`;
  }
}

function* labelFaults(labels: Readonly<Record<string, unknown>>, { labels: required = [] }: Rule): Iterable<string> {
  for (const { key, values } of required) {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (value === undefined) yield `the label ${key} is missing`;
    else if (values && !values.includes(String(value))) yield `the label ${key} must be ${values.join(', ')}`;
  }
}

function* imageFaults(tasks: readonly Task[], { images: allowed }: Rule): Iterable<string> {
  if (!allowed) return;
  for (const { id, images = [] } of tasks)
    for (const image of images)
      if (!allowed.some((start) => image.startsWith(start)))
        yield `task ${id}: the image ${JSON.stringify(image.slice(0, 200))} is not from an allowed registry`;
}

/** Dates that are compared, from a Thursday. They cover a day of the densest schedules, and years of others. */
const maxDates = 3_000;
const from = new Date('2026-01-01T00:00:00Z');

/** True if two dates of a cron expression are closer than that. */
function isDenser(cron: string, withSeconds: boolean, minutes: number): boolean {
  const mode = cron.startsWith('@') ? 'auto' : withSeconds ? '6-part' : '5-part';
  const dates = new Cron(cron, { paused: true, timezone: 'UTC', mode, sloppyRanges: true });
  const end = from.getTime() + 62 * 86_400_000;
  let former = dates.nextRun(from);
  for (let i = 0; former && i < maxDates; i += 1) {
    const next = dates.nextRun(former);
    if (!next) return false;
    if (next.getTime() - former.getTime() < minutes * 60_000) return true;
    if (former.getTime() > end && i >= 62) return false;
    former = next;
  }
  return false;
}

function* scheduleFaults(triggers: readonly Trigger[], { minScheduleMinutes: minutes }: Rule): Iterable<string> {
  if (minutes === undefined) return;
  for (const { id, cron, withSeconds } of triggers)
    if (cron && isDenser(cron, withSeconds ?? false, minutes))
      yield `trigger ${id}: the schedule is more frequent than every ${minutes} minutes`;
}

const maxFaults = 5;

export default definePolicy({
  name: 'flow-rules',
  description: 'Allows only flows whose tasks, triggers, labels, images and schedules follow the rules.',
  resources: ['FLOW'],
  actions: ['CREATE', 'UPDATE'],
  judgesRows: true,
  config: z.strictObject({
    rules: z.array(rule).max(100, 'The list can have at most 100 rules.').default([]),
  }),
  create({ rules }, host) {
    const prepared = rules.map((one) => ({
      ...one,
      tenantIds: one.tenant === undefined ? undefined : host.tenants([one.tenant]),
    }));
    return {
      evaluate: () => abstain(),
      review({ scope }, { before, after }) {
        // Switching a flow on or off does not change its source.
        if (!after || before?.source === after.source) return abstain();
        const tasks = (after.tasks ?? []) as readonly Task[];
        const triggers = (after.triggers ?? []) as readonly Trigger[];
        const labels = (after.labels ?? {}) as Readonly<Record<string, unknown>>;
        const faults = new Set<string>();
        for (const one of prepared) {
          if (one.tenantIds && !one.tenantIds.has(scope.tenantId ?? '')) continue;
          if (one.namespaces && !one.namespaces.some((name) => isWithin(name, String(after.namespace)))) continue;
          for (const fault of [
            ...typeFaults('task', tasks, one.tasks),
            ...typeFaults('trigger', triggers, one.triggers),
            ...labelFaults(labels, one),
            ...imageFaults(tasks, one),
            ...scheduleFaults(triggers, one),
          ])
            faults.add(fault);
        }
        if (faults.size === 0) return abstain();
        const rest = faults.size > maxFaults ? `; and ${faults.size - maxFaults} more` : '';
        return deny(`${[...faults].slice(0, maxFaults).join('; ')}${rest}`);
      },
    };
  },
});
