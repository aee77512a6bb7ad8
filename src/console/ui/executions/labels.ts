/** Labels as a person writes them: `key:value`, one on each line or with commas between them. */
export function labelsOf(text: string | undefined): Record<string, string> {
  const pairs = (text ?? '')
    .split(/[\n,]/)
    .map((one) => one.trim())
    .filter(Boolean)
    .map((one) => {
      const colon = one.indexOf(':');
      return colon < 0 ? [one, ''] : [one.slice(0, colon).trim(), one.slice(colon + 1).trim()];
    });
  return Object.fromEntries(pairs);
}

/** Label texts of an execution, each as key:value, sorted. */
export const labelTexts = (labels: unknown): string[] =>
  Object.entries((labels ?? {}) as Record<string, unknown>)
    .map(([key, value]) => `${key}:${String(value)}`)
    .sort();
