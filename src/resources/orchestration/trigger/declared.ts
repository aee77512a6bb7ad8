import { z } from 'zod';
import type { Issue } from '../../../errors.ts';
import { secondsIn } from '../../../lib/duration.ts';
import type { Json } from '../../../lib/json.ts';
import { issuesOf, type LineOf } from '../../../lib/yaml.ts';
import { taskId, typeName } from '../flow/tasks.ts';
import { cronFault, hasSeconds } from './cron.ts';
import { upstreamOf } from './upstream.ts';
import { instantIn, timeZoneFault } from './zone.ts';

/** Kinds of triggers. */
export const triggerKinds = ['SCHEDULE', 'POLLING', 'REALTIME', 'WEBHOOK', 'FLOW'] as const;
export type TriggerKind = (typeof triggerKinds)[number];

/** End states after which a trigger can stop. */
export const endStates = ['SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED'] as const;
export const fallbacks = ['WAIT', 'FAIL', 'CANCEL'] as const;

/** A trigger as declared in a source. */
export interface DeclaredTrigger {
  readonly id: string;
  readonly type: string;
  readonly kind: TriggerKind;
  readonly disabled: boolean;
  readonly stopAfter: readonly string[];
  readonly workerGroup: { readonly key: string; readonly fallback: string | null } | null;
  /** The declaration without `disabled`, which is state. */
  readonly definition: { readonly [key: string]: Json };
  /** Flows whose end starts the trigger. */
  readonly upstream: readonly { readonly namespace: string; readonly flowId: string }[];
}

const kindOf = (type: string): TriggerKind => {
  const name = type.split('.').at(-1)!;
  if (name === 'Schedule' || name === 'ScheduleOnDates') return 'SCHEDULE';
  if (name === 'Webhook') return 'WEBHOOK';
  if (/\.(core\.trigger|trigger|types\.)\.?Flow$/.test(type)) return 'FLOW';
  return name.endsWith('RealtimeTrigger') ? 'REALTIME' : 'POLLING';
};

const base = z.looseObject(
  {
    id: taskId,
    type: typeName,
    disabled: z.boolean('disabled must be true or false.').nullish(),
    stopAfter: z.array(z.enum(endStates, `stopAfter must be a list of ${endStates.join(', ')}.`)).nullish(),
    workerGroup: z
      .looseObject({
        key: z.string('A worker group requires a key.'),
        fallback: z.enum(fallbacks, `fallback must be ${fallbacks.join(', ')}.`).nullish(),
      })
      .nullish(),
  },
  'A trigger must be a map with id and type.',
);
const said = (fault: (text: string) => string | undefined) =>
  z.string('The value must be a text. Put it in quotes.').superRefine((text, context) => {
    const message = fault(text);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  });
const date = z
  .string('A date must be a text.')
  .refine((text) => instantIn(text, 'UTC') !== undefined, 'Invalid date. Write it as in 2026-01-31T12:00:00Z.');
const schedule = z
  .looseObject({
    cron: said(cronFault).nullish(),
    dates: z.array(date, 'Dates must be a list.').nullish(),
    timezone: said(timeZoneFault).nullish(),
    withSeconds: z.boolean('withSeconds must be true or false.').nullish(),
    recoverMissedSchedules: z
      .enum(['ALL', 'LAST', 'NONE'], 'recoverMissedSchedules must be ALL, LAST or NONE.')
      .nullish(),
  })
  .superRefine(({ type, cron, dates, withSeconds }, context) => {
    if (cron != null && hasSeconds(cron) !== undefined && hasSeconds(cron) !== (withSeconds ?? false))
      context.addIssue({
        code: 'custom',
        path: ['cron'],
        message: 'A cron expression must have five parts, or six parts with withSeconds: true.',
      });
    if (String(type).endsWith('ScheduleOnDates') ? dates == null : cron == null)
      context.addIssue({ code: 'custom', path: [], message: 'A schedule requires a cron expression or dates.' });
  });
const maxInterval = 366 * 86_400;
const polling = z.looseObject({ interval: said(intervalFault).nullish() });

/** Min interval: one second. */
function intervalFault(text: string): string | undefined {
  const seconds = secondsIn(text);
  if (seconds === undefined) return 'An interval must be an ISO 8601 duration, such as PT5M.';
  return seconds >= 1 && seconds <= maxInterval ? undefined : 'An interval must be from one second to 366 days.';
}

const models: Partial<Record<TriggerKind, z.ZodType>> = { SCHEDULE: schedule, POLLING: polling };
const maxTriggers = 200;

/** Reads the triggers of a flow. Adds faults to `issues`. */
export function readTriggers(list: unknown, namespace: string, lineOf: LineOf, issues: Issue[]): DeclaredTrigger[] {
  if (list === undefined || list === null) return [];
  if (!Array.isArray(list) || list.length > maxTriggers) {
    const message = Array.isArray(list)
      ? `A flow can have at most ${maxTriggers} triggers.`
      : 'Triggers must be a list.';
    issues.push({ path: ['triggers'], message, line: lineOf(['triggers']) });
    return [];
  }
  const lines = new Map<string, number>();
  return list.flatMap((item: unknown, i): DeclaredTrigger[] => {
    const path = ['triggers', i];
    const add = (error: z.ZodError) => {
      const faults = issuesOf(error, (own) => lineOf([...path, ...own]));
      issues.push(...faults.map((fault) => ({ ...fault, path: [...path, ...fault.path] })));
    };
    const read = base.safeParse(item);
    if (!read.success) {
      add(read.error);
      return [];
    }
    const { id, type, disabled, stopAfter, workerGroup, ...rest } = read.data;
    const kind = kindOf(type);
    const special = models[kind]?.safeParse(item);
    if (special && !special.success) add(special.error);
    const line = lineOf([...path, 'id']);
    const former = lines.get(id);
    if (former === undefined) lines.set(id, line);
    else issues.push({ path: [...path, 'id'], message: `The trigger ${id} already exists in line ${former}.`, line });
    return [
      {
        id,
        type,
        kind,
        disabled: disabled ?? false,
        stopAfter: stopAfter ?? [],
        workerGroup: workerGroup ? { key: workerGroup.key, fallback: workerGroup.fallback ?? null } : null,
        definition: {
          id,
          type,
          ...(stopAfter && { stopAfter }),
          ...(workerGroup && { workerGroup }),
          ...rest,
        } as never,
        upstream: kind === 'FLOW' ? upstreamOf(rest, namespace) : [],
      },
    ];
  });
}
