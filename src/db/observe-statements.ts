import { remember } from '../lib/remember.ts';
import { currentRequest } from '../lib/request-scope.ts';
import { type Labels, secondsSince, type Telemetry } from '../lib/telemetry.ts';
import { stateOf } from './sql-state.ts';

/** Called when a statement is sent. @returns a function to call at its end. */
export type ObserveStatement = (text: string | undefined) => (error?: unknown) => void;

const words = ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'WITH', 'BEGIN', 'COMMIT', 'ROLLBACK', 'LOCK', 'SET'] as const;
const labels = new Map(
  [...words, '_OTHER'].map((word): [string, Labels] => [
    word,
    { 'db.system.name': 'postgresql', 'db.operation.name': word },
  ]),
);

const failed = new Map<string, Labels>();

/** Measures the statements of a pool by their first word. */
export function observeStatements(telemetry: Telemetry): ObserveStatement {
  return (text = '') => {
    const known = labels.get(/^\s*([A-Za-z]+)/.exec(text)?.[1]?.toUpperCase() ?? '') ?? labels.get('_OTHER')!;
    const word = String(known['db.operation.name']);
    const span = currentRequest()?.span?.begin(word, known);
    const began = performance.now();
    return (error) => {
      const fault = error == null ? undefined : stateOf(error) || '_OTHER';
      const own =
        fault === undefined ? known : remember(failed, `${word} ${fault}`, () => ({ ...known, 'error.type': fault }));
      telemetry.record('db.client.operation.duration', secondsSince(began), own);
      span?.end({}, fault);
    };
  };
}
