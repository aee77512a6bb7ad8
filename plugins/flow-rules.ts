import { Cron, CronPattern } from 'croner';
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

const dayMs = 86_400_000;
/** Days that are compared: two years, one of them with a leap day. */
const comparedDays = 731;
const from = new Date('2027-01-01T00:00:00Z');

/** True if two dates of a cron expression are closer than that. The times of a day are compared, not each date. */
function isDenser(cron: string, withSeconds: boolean, minutes: number): boolean {
  const mode = cron.startsWith('@') ? 'auto' : withSeconds ? '6-part' : '5-part';
  const options = { mode, sloppyRanges: true } as const;
  const pattern = new CronPattern(cron, 'UTC', options);
  const { hour, minute, second } = pattern;
  const set = (flags: ArrayLike<number>): number[] =>
    Array.from(flags, (flag, i) => (flag ? i : -1)).filter((i) => i >= 0);
  const [hours, parts, seconds] = [set(hour), set(minute), set(second)] as const;
  const least = minutes * 60;
  let first = -1;
  let former = -1;
  for (const h of hours)
    for (const m of parts)
      for (const s of seconds) {
        const at = h * 3_600 + m * 60 + s;
        if (former >= 0 && at - former < least) return true;
        if (former < 0) first = at;
        former = at;
      }
  if (first < 0 || first + 86_400 - former >= least) return false;
  return hasNeighbours(cron, pattern, options);
}

/** True if an expression has dates on two days in a row. */
function hasNeighbours(cron: string, pattern: CronPattern, options: object): boolean {
  let isFormer = false;
  // Days such as the last one of a month: the dates are computed.
  const dates = /[LW#]/i.test(cron) ? new Cron(cron, { paused: true, timezone: 'UTC', ...options }) : undefined;
  for (let i = 0; i < comparedDays; i += 1) {
    const day = new Date(from.getTime() + i * dayMs);
    const isOn = dates ? dates.match(atFirst(day, pattern)) : isOnDay(day, pattern);
    if (isOn && isFormer) return true;
    isFormer = isOn;
  }
  return false;
}

/** The first time of a day that an expression names. */
function atFirst(day: Date, { hour, minute, second }: CronPattern): Date {
  const first = (flags: ArrayLike<number>): number => Array.from(flags).indexOf(1);
  return new Date(day.getTime() + ((first(hour) * 60 + first(minute)) * 60 + first(second)) * 1_000);
}

/** With days of the month and of the week, one of both suffices. */
function isOnDay(day: Date, { day: ofMonth, month, dayOfWeek, starDOM, starDOW }: CronPattern): boolean {
  if (!month[day.getUTCMonth()]) return false;
  const inMonth = Boolean(ofMonth[day.getUTCDate() - 1]);
  const inWeek = Boolean(dayOfWeek[day.getUTCDay()]);
  return starDOM || starDOW ? inMonth && inWeek : inMonth || inWeek;
}

function* scheduleFaults(triggers: readonly Trigger[], { minScheduleMinutes: minutes }: Rule): Iterable<string> {
  if (minutes === undefined) return;
  const known = new Map<string, boolean>();
  const isDense = (cron: string, withSeconds: boolean): boolean => {
    const key = `${withSeconds} ${cron}`;
    const found = known.get(key) ?? isDenser(cron, withSeconds, minutes);
    known.set(key, found);
    return found;
  };
  for (const { id, cron, withSeconds } of triggers)
    if (cron && isDense(cron, withSeconds ?? false))
      yield `trigger ${id}: the schedule is more frequent than every ${minutes} minutes`;
}

const maxFaults = 5;

export default definePolicy({
  name: 'flow-rules',
  description: 'Allows only flows whose tasks, triggers, labels, images and schedules follow the rules.',
  resources: ['FLOW'],
  actions: ['CREATE', 'UPDATE'],
  judgesRows: true,
  isInert: ({ rules }) => rules.length === 0,
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
