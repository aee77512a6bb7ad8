import { createTwoFilesPatch, FILE_HEADERS_ONLY } from 'diff';

/** Two texts that have nothing in common can take long; then there is no answer. */
const greatestMs = 2_000;

/** A text and what it is called. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** The unified diff of two texts, made step by step, between which others are served; null where it takes too long. */
export function unifiedDiff(before: NamedText, after: NamedText): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  createTwoFilesPatch(before.name, after.name, before.text, after.text, undefined, undefined, {
    headerOptions: FILE_HEADERS_ONLY,
    timeout: greatestMs,
    callback: (patch) => resolve(patch ?? null),
  });
  return promise;
}
