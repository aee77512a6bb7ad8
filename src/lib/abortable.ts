/**
 * Returns a stream that ends immediately when its reader leaves. A generator handles `return` only at its next yield,
 * so one that waits for an event would never end.
 */
export function abortable<T>(stream: AsyncGenerator<T, void>, ended: AbortController): AsyncGenerator<T, void> {
  return {
    next: () => stream.next(),
    return(value) {
      ended.abort();
      return stream.return(value as never);
    },
    throw(error) {
      ended.abort();
      return stream.throw(error);
    },
    [Symbol.asyncIterator]() {
      return this;
    },
    async [Symbol.asyncDispose]() {
      ended.abort();
      await stream.return();
    },
  };
}
