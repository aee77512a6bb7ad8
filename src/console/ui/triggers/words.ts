import cronstrue from 'cronstrue';
import type { TriggerRow } from './row.ts';

const textOf = (definition: unknown, name: string): string | undefined => {
  const value = (definition as Readonly<Record<string, unknown>> | null)?.[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

/** A cron expression in words. Undefined if it cannot be read. */
export function cronInWords(cron: string): string | undefined {
  try {
    return cronstrue.toString(cron, { use24HourTimeFormat: true, throwExceptionOnParseError: true });
  } catch {
    return undefined;
  }
}

/** When a trigger starts executions, in words. */
export function whenInWords({ kind, definition }: Pick<TriggerRow, 'kind' | 'definition'>): string {
  switch (kind) {
    case 'SCHEDULE': {
      const cron = textOf(definition, 'cron');
      const zone = textOf(definition, 'timezone');
      const words = cron === undefined ? undefined : (cronInWords(cron) ?? cron);
      return `${words ?? 'On dates of its source'}${zone ? ` (${zone})` : ''}`;
    }
    case 'WEBHOOK':
      return 'When its webhook is called';
    case 'FLOW':
      return 'After other flows';
    case 'REALTIME':
      return 'For each message';
    case 'POLLING': {
      const interval = textOf(definition, 'interval');
      return interval ? `Checks every ${interval.replace(/^PT?/, '').toLowerCase()}` : 'Checks from time to time';
    }
    default:
      return '';
  }
}

type Off = Pick<TriggerRow, 'active' | 'disabled' | 'disabledReason' | 'stateBy'>;

/** Why a trigger starts nothing; undefined if it is on. */
export function whyOff({ active, disabled, disabledReason, stateBy }: Off): string | undefined {
  if (active) return undefined;
  if (!disabled) return 'Its flow is disabled';
  switch (disabledReason) {
    case 'SOURCE':
      return 'By its source';
    case 'STOP_AFTER':
      return 'By stopAfter, after an execution';
    default:
      return stateBy ? `By ${stateBy}` : 'By an account';
  }
}
