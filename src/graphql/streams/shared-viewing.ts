import type { Context, Question } from '../context.ts';

const standing = new WeakSet<Question>();
/** A question that is not about one object: its answer is cacheable while the viewer's permissions hold. */
export function standingQuestion(question: Question): Question {
  standing.add(question);
  return question;
}
export const isStanding = (question: Question): boolean => standing.has(question);

/** Asks, and records the question if the result is shared. */
export const askViewer = (context: Context, question: Question): boolean | string =>
  context.asked ? context.asked(question) : question(context);

/** What a result depends on, apart from its object. */
export interface Noted {
  readonly questions: [Question, boolean | string][];
  /** Viewer data other than questions was read: the result cannot be shared. */
  isPrivate: boolean;
}

/** Context fields that are the same for every viewer of this gateway. */
const common: ReadonlySet<string | symbol> = new Set(['keys', 'limits', 'version', 'storeKind', 'then', 'toJSON']);

/** The context with a record of what is read. When in doubt, the result is private. */
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
