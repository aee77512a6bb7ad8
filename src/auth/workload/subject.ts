const maxLength = 255;

const literal = /^[^*]*$/;
/** A part between `/` or `:`. At most one `*`, so that a comparison is never slow. */
const part = /^[^*]*\*?[^*]*$/;
const partsOf = (text: string): string[] => text.split(/([/:])/);

/** Returns why a text is no pattern of a subject. Undefined if it is one. */
export function subjectFault(pattern: string): string | undefined {
  if (pattern === '' || pattern.length > maxLength) return `A subject has 1 to ${maxLength} characters.`;
  if (/[\0\p{Cc}]/u.test(pattern) || !pattern.isWellFormed()) return 'A subject cannot contain control characters.';
  const parts = partsOf(pattern);
  if (!literal.test(parts[0]!)) return 'The first part of a subject, before / or :, cannot contain *.';
  if (!parts.every((one) => part.test(one))) return 'A part of a subject, between / or :, can contain one * at most.';
  return undefined;
}

function matchesPart(pattern: string, text: string): boolean {
  const [before, after] = pattern.split('*');
  if (after === undefined) return pattern === text;
  // The * is at least one character.
  return text.length > before!.length + after.length && text.startsWith(before!) && text.endsWith(after);
}

/** True if the pattern covers the subject. A `*` never covers a `/` or `:`. */
export function matchesSubject(pattern: string, subject: string): boolean {
  const [wanted, given] = [partsOf(pattern), partsOf(subject)];
  return wanted.length === given.length && wanted.every((one, i) => matchesPart(one, given[i]!));
}
