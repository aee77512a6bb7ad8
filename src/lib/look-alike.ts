import { rectifyConfusion } from 'unicode-confusables';
import { fold } from './text.ts';

/**
 * Returns the skeleton of a name (Unicode TR39, with the confusables of Unicode 10): names with the same skeleton look
 * the same. Case is removed afterwards, because I looks like l.
 */
export const skeleton = (name: string): string => fold(rectifyConfusion(name.normalize('NFD')).normalize('NFD'));

/** Scripts in common use (Unicode UAX31, table 5). */
const scripts =
  'Latin Greek Cyrillic Armenian Hebrew Arabic Thaana Devanagari Bengali Gurmukhi Gujarati Oriya Tamil Telugu Kannada Malayalam Sinhala Thai Lao Tibetan Myanmar Georgian Hangul Ethiopic Khmer Han Hiragana Katakana Bopomofo';
/** Scripts that a language uses together. */
const together = ['Latin Han Hiragana Katakana', 'Latin Han Bopomofo', 'Latin Han Hangul'];
const allowed = [...scripts.split(' '), ...together].map((names) => {
  const classes = `Common Inherited ${names}`.split(' ').map((name) => `\\p{Script_Extensions=${name}}`);
  return new RegExp(`^[${classes.join('')}]*$`, 'u');
});

/** True if the name uses one script, or scripts that one language mixes ("highly restrictive" in Unicode TR39). */
export const isOfOneScript = (name: string): boolean => allowed.some((pattern) => pattern.test(name));

/** True if the name has invisible characters, or characters that change the text direction. */
export const hasInvisible = (name: string): boolean =>
  /[\p{Default_Ignorable_Code_Point}\p{Cf}\p{Co}\p{Cn}\u2028\u2029]/u.test(name);
