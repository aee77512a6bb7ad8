import { type ExecutionResult, execute, type FieldNode, visit } from 'graphql';
import type { AuditEvent } from '../../../db/generated/client.ts';
import type { Context } from '../../../graphql/context.ts';
import { isStanding, type Noted, noting } from '../../../graphql/streams/shared-viewing.ts';
import type { StreamChannel } from '../../../graphql/streams/stream-channel.ts';
import { newId } from '../../../lib/ids.ts';
import { canonicalJson } from '../../../lib/json.ts';
import { remember } from '../../../lib/remember.ts';
import { EventRing } from './event-ring.ts';
import type { FeedItem } from './schema.ts';

/** Max different answers per event in the cache. Further subscribers render their own. */
const maxVariants = 16;

/** Context of a subscriber whose answer depends only on the recorded questions. */
export interface Asker {
  readonly context: Context;
  readonly channel: StreamChannel;
  /** True if the facts are the same for both. */
  agrees(grounds: Grounds): boolean;
  itemOf(event: AuditEvent): FeedItem;
}

/** Facts that a text depends on, apart from the event. */
export interface Grounds {
  readonly questions: Noted['questions'];
  /** True if no fact is about this event only. */
  readonly isStanding: boolean;
}

interface Entry {
  readonly variants: { readonly grounds: Grounds; readonly text: string }[];
  /** The first subscriber renders it. */
  making: Promise<unknown> | undefined;
  /** Depends on more facts of the viewer than can be compared. */
  isPrivate: boolean;
}

const names = new WeakMap<object, { readonly name: string }>();
/** Caches the parse result of a document by its text. */
const nameOf = (document: object): string => remember(names, document, () => ({ name: newId() })).name;

/**
 * Key of operations with the same selection: the same document, and the same values of the variables that are used
 * below the root field. The arguments of the root field choose items, and do not affect them.
 */
export function selectionKey(
  { document, operationName, variableValues }: StreamChannel['operation'],
  roots: readonly FieldNode[],
): string {
  const used = new Set<string>();
  visit(document, {
    Field: (node) => (roots.includes(node) ? { ...node, arguments: [] } : undefined),
    VariableDefinition: () => false,
    Variable: (node) => void used.add(node.name.value),
  });
  const given = variableValues ?? {};
  // A default value applies to an omitted variable, not to null.
  const values = [...used].sort().map((name) => (Object.hasOwn(given, name) ? [name, given[name]] : [name]));
  return canonicalJson([nameOf(document), operationName ?? null, values]);
}

/** Renders the text of each item once for all subscribers with the same selection and the same facts. */
export class Selection {
  readonly key: string;
  followers = 0;
  readonly #entries = new EventRing<Entry>();
  /** The same object for most events, so that a subscriber that matched it once is not compared again. */
  readonly #standing: Grounds[] = [];
  readonly #made: (characters: number) => void;

  /** @param made receives the size of each new text. */
  constructor(key: string, made: (characters: number) => void) {
    this.key = key;
    this.#made = made;
  }

  /** Clears all texts. */
  clear(): void {
    this.#entries.clear();
  }

  /**
   * @param number number of the event in the room.
   * @returns a promise while it is rendered; if it resolves to undefined, ask again.
   */
  textOf(asker: Asker, event: AuditEvent, number: number): string | Promise<string | undefined> {
    let entry = this.#entries.get(event, number);
    if (!entry) {
      entry = { variants: [], making: undefined, isPrivate: false };
      this.#entries.set(event, number, entry);
    }
    for (const { grounds, text } of entry.variants) if (asker.agrees(grounds)) return text;
    if (entry.making && !entry.isPrivate) return entry.making.then(() => undefined);
    const made = this.#make(asker, asker.itemOf(event), entry);
    if (typeof made === 'string') return made;
    const own = entry;
    own.making ??= made
      .catch(() => undefined)
      .finally(() => {
        own.making = undefined;
      });
    return made;
  }

  #make(asker: Asker, item: FeedItem, entry: Entry): string | Promise<string> {
    const { watched, noted } = noting(asker.context);
    const keep = (result: ExecutionResult): string => {
      const text = asker.channel.textOf(result);
      this.#made(text.length);
      // A fault can be temporary, or specific to this viewer.
      if (noted.isPrivate || result.errors || entry.variants.length >= maxVariants) entry.isPrivate = true;
      else entry.variants.push({ grounds: this.#groundsOf(noted.questions), text });
      return text;
    };
    const result = executed(asker, item, watched);
    return result instanceof Promise ? result.then(keep) : keep(result);
  }

  #groundsOf(questions: Noted['questions']): Grounds {
    if (!questions.every(([question]) => isStanding(question))) return { questions, isStanding: false };
    const isSame = (other: Grounds) =>
      other.questions.length === questions.length &&
      other.questions.every(([question, answer], i) => questions[i]![0] === question && questions[i]![1] === answer);
    const known = this.#standing.find(isSame);
    if (known) return known;
    const grounds = { questions, isStanding: true };
    if (this.#standing.length < maxVariants) this.#standing.push(grounds);
    return grounds;
  }
}

/** Answer to one subscriber for an item, by its own context or one that records the facts. */
export function executed(
  { context, channel }: Pick<Asker, 'context' | 'channel'>,
  item: FeedItem,
  contextValue = context,
): ExecutionResult | Promise<ExecutionResult> {
  context.loaders.clear();
  return execute({ ...channel.operation, rootValue: item, contextValue }) as ExecutionResult | Promise<ExecutionResult>;
}
