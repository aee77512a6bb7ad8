/** Keys in a text, separated by commas or spaces. */
export const keysIn = (text: string | undefined): string[] => (text ?? '').split(/[\s,]+/).filter((key) => key !== '');
