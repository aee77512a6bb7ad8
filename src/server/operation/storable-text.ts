import { type DocumentNode, visit } from 'graphql';
import { badInput, type Issue } from '../../errors.ts';
import { checkVariables } from '../../graphql/mutation/item-input.ts';

const isStorable = (text: string): boolean => !text.includes('\u0000') && text.isWellFormed();
/** Deeper than any valid input, and far from a stack overflow. */
const maxDepth = 200;

const refusal = (path: Issue['path']) =>
  badInput(path, 'The text contains a character that cannot be stored (NUL or a lone surrogate).');

/**
 * @param path path of the value. Mutated during the walk and copied only for an error, because most values are valid.
 */
function check(value: unknown, path: (string | number)[]): void {
  if (path.length > maxDepth) throw badInput(path.slice(0, 5), 'The value is nested too deeply.');
  if (typeof value === 'string') {
    if (!isStorable(value)) throw refusal([...path]);
  } else if (typeof value === 'object' && value !== null) {
    for (const name of Object.keys(value)) {
      if (!isStorable(name)) throw refusal([...path]);
      path.push(name);
      check((value as Record<string, unknown>)[name], path);
      path.pop();
    }
  }
}

/**
 * Refuses text that PostgreSQL cannot store (NUL, lone surrogates) before it reaches a statement. An item of a report
 * is refused individually. @throws BAD_INPUT.
 */
export function assertStorable(document: DocumentNode, variables: Record<string, unknown>): void {
  checkVariables(document, variables, check);
  // Such a character can only come from an escape or from the text itself.
  const text = document.loc?.source.body;
  if (text !== undefined && !text.includes('\\u') && isStorable(text)) return;
  visit(document, {
    StringValue({ value }) {
      if (!isStorable(value)) throw refusal(['document']);
    },
  });
}
