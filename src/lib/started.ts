/** Work whose result is awaited later, so that its statements share a round trip with the next ones. */
export function started<T>(work: Promise<T>): Promise<T> {
  // Its error is reported where it is awaited.
  work.catch(() => undefined);
  return work;
}
