import { secondsOf, shortDuration } from './duration.ts';
import { isEnded } from './state.ts';
import { useSecond } from './useSecond.ts';

export interface TookProps {
  readonly state: string;
  readonly startedAt: string;
  readonly endedAt: string | null | undefined;
  /** As the API counts it, in whole seconds: without the time between an end and a restart. */
  readonly duration: string;
}

/** How long something took, or takes so far. */
export function Took({ state, startedAt, endedAt, duration }: TookProps) {
  const isMoving = !isEnded(state);
  const now = useSecond(isMoving);
  if (isMoving) return shortDuration(Math.max(0, (now - Date.parse(startedAt)) / 1_000));
  const counted = secondsOf(duration);
  const between = endedAt ? (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000 : counted;
  // The API has no milliseconds. Below a minute, they are what one looks for.
  return shortDuration(between - counted < 1 && between < 60 ? between : counted);
}
