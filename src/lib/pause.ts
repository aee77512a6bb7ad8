/** Waits for a change, an abort of a signal, or a timeout, whichever is first. */
export async function pause(
  changed: Promise<void>,
  signals: readonly AbortSignal[],
  milliseconds: number,
): Promise<void> {
  if (signals.some(({ aborted }) => aborted)) return;
  const { promise: over, resolve: done } = Promise.withResolvers<void>();
  const end = () => done();
  const timer = setTimeout(end, milliseconds);
  for (const signal of signals) signal.addEventListener('abort', end, { once: true });
  try {
    await Promise.race([changed, over]);
  } finally {
    clearTimeout(timer);
    for (const signal of signals) signal.removeEventListener('abort', end);
  }
}
