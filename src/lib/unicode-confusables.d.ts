declare module 'unicode-confusables' {
  /** Replaces look-alikes by a common character. */
  export function rectifyConfusion(text: string): string;
}
