/** A text that is not saved. It is kept while the browser tab is open, and never leaves it. */
export interface Draft {
  readonly text: string;
  /** The revision that it starts from; 0 for a new flow. */
  readonly base: number;
}

const drafts = new Map<string, Draft>();

export const draftOf = (key: string): Draft | undefined => drafts.get(key);
export const keepDraft = (key: string, draft: Draft): void => void drafts.set(key, draft);
export const dropDraft = (key: string): void => void drafts.delete(key);
