import type { Context } from '../context.ts';

/**
 * Something that a resolver asks about its viewer, with a plain answer. An answer to a subscription that rests on
 * nothing else of its viewer is also that of everybody to whom the same is answered.
 */
export type Question = (context: Context) => boolean | string;

const standing = new WeakSet<Question>();
/** A question that is not about one object: its answer can be kept for as long as the viewer's rights hold. */
export function standingQuestion(question: Question): Question {
  standing.add(question);
  return question;
}
export const isStanding = (question: Question): boolean => standing.has(question);

/** Asks, and lets it be noted by who wants to share the answer. */
export const askViewer = (context: Context, question: Question): boolean | string =>
  context.asked ? context.asked(question) : question(context);

/** What a result rests on, beside its object. */
export interface Noted {
  readonly questions: [Question, boolean | string][];
  /** Something of the viewer was looked at that is no question: nobody else may be given it. */
  isPrivate: boolean;
}

/** What is the same for every viewer of this gateway. */
const common: ReadonlySet<string | symbol> = new Set(['keys', 'limits', 'version', 'storeKind', 'then', 'toJSON']);

/** The context, with notes of what is looked at. When in doubt, it is private. */
export function noting(context: Context): { watched: Context; noted: Noted } {
  const noted: Noted = { questions: [], isPrivate: false };
  const asked = (question: Question): boolean | string => {
    const answer = question(context);
    noted.questions.push([question, answer]);
    return answer;
  };
  const watched = new Proxy(context, {
    get(own, name) {
      if (name === 'asked') return asked;
      if (typeof name === 'string' && !common.has(name)) noted.isPrivate = true;
      return Reflect.get(own, name) as unknown;
    },
  });
  return { watched, noted };
}
