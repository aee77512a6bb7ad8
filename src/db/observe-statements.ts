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

/** Measures the statements of a pool by their first word. */
export function observeStatements(telemetry: Telemetry): ObserveStatement {
  return (text = '') => {
    const word = /^\s*([A-Za-z]+)/.exec(text)?.[1]?.toUpperCase() ?? '';
    const known = labels.get(word) ?? labels.get('_OTHER')!;
    const span = currentRequest()?.span?.begin(String(known['db.operation.name']), known);
    const began = performance.now();
    return (error) => {
      const fault = error == null ? undefined : stateOf(error) || '_OTHER';
      const own = fault === undefined ? known : { ...known, 'error.type': fault };
      telemetry.record('db.client.operation.duration', secondsSince(began), own);
      span?.end({}, fault);
    };
  };
}
