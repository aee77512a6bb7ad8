const everyMs = 1_000;

/** Reports long work on standard error, at most once a second. @param whole estimate of all bytes; 0 if unknown. */
export function progressOf(verb: string, whole: number): { readonly add: (bytes: number) => void } {
  let done = 0;
  let last = performance.now();
  return {
    add(bytes) {
      done += bytes;
      const now = performance.now();
      if (now - last < everyMs) return;
      last = now;
      const of = whole > done ? ` of about ${(whole / 1e6).toFixed(0)} MB` : '';
      process.stderr.write(`${verb} ${(done / 1e6).toFixed(0)} MB${of}\n`);
    },
  };
}
