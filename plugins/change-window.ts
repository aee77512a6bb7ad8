import { abstain, allOf, definePolicy, deny, namespaceName, outside, z } from '../src/policy/contract.ts';

const days = ['MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT', 'SUN'] as const;
type Day = (typeof days)[number];

const time = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$|^24:00$/, 'must be a time of day (00:00 to 24:00)')
  .transform((text) => Number(text.slice(0, 2)) * 60 + Number(text.slice(3)));
const timeZone = z.string().refine((name) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}, 'must be a time zone, such as Europe/Berlin');

const window = z
  .strictObject({ days: z.array(z.enum(days)).min(1), from: time, to: time })
  .refine(({ from, to }) => from < to, 'must have from before to; split a window over midnight in two');

const rule = z.strictObject({
  /** Namespaces to which the rule applies, including all below them. */
  namespaces: z.array(namespaceName).min(1),
  timeZone,
  /** Times at which changes are allowed. The end is exclusive. */
  windows: z.array(window).min(1),
});
type Rule = z.infer<typeof rule>;

/** Weekday and minute of the day in the rule's time zone, including daylight saving time. */
function wallClock(now: Date, zone: string): { day: Day; minute: number } {
  const parts = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(now);
  const part = (type: string) => parts.find((one) => one.type === type)?.value ?? '';
  return {
    day: part('weekday').slice(0, 3).toUpperCase() as Day,
    minute: Number(part('hour')) * 60 + Number(part('minute')),
  };
}

const isOpen = ({ timeZone: zone, windows }: Rule, now: Date): boolean => {
  const { day, minute } = wallClock(now, zone);
  return windows.some((one) => one.days.includes(day) && one.from <= minute && minute < one.to);
};

export default definePolicy({
  name: 'change-window',
  description: 'Allows changes below chosen namespaces only within given weekdays and hours of a time zone.',
  resources: ['NAMESPACE', 'SECRET', 'FLOW', 'TRIGGER'],
  actions: ['CREATE', 'UPDATE', 'DELETE'],
  reads: ['now'],
  config: z.strictObject({ rules: z.array(rule).default([]) }),
  create({ rules }) {
    const verdictAt = (minute: number) => {
      const now = new Date(minute * 60_000);
      const closed = rules.filter((one) => !isOpen(one, now)).flatMap((one) => one.namespaces);
      if (closed.length === 0) return abstain();
      const until = new Date((minute + 1) * 60_000);
      return { ...deny('the time is outside the change window', allOf(closed.map((name) => outside(name)))), until };
    };
    // A window opens or closes on a full minute, in every time zone, so an answer is valid until then.
    let answer: { readonly minute: number; readonly verdict: ReturnType<typeof verdictAt> } | undefined;
    return {
      evaluate({ env: { now } }) {
        const minute = Math.floor(now.getTime() / 60_000);
        if (answer?.minute !== minute) answer = { minute, verdict: verdictAt(minute) };
        return answer.verdict;
      },
    };
  },
});
