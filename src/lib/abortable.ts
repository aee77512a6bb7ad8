/**
 * A stream that ends wherever it stands when its reader leaves. A generator by itself takes `return` only at its next
 * yield: one that waits for something that never comes would wait for ever.
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
