import type { Row } from '../access/grant.ts';
import { resourceDefinition } from '../access/resource.ts';
import { badInput } from '../errors.ts';
import { type Masks, masksOf, unmasked } from '../policy/filter/masks.ts';
import type { Condition } from './connection/connection-type.ts';
import type { Context } from './context.ts';
import { askViewer, standingQuestion } from './streams/shared-viewing.ts';

/** What stands in the place of a masked value. */
export const masked = '***';

const word = /[^\s/<>"'(),:;]+/g;
/** Looked for word by word: one expression for all of it would take the square of a long word's length. */
const isAddress = (text: string): boolean => text.slice(1, -1).includes('@');
const named = /\buser:[^\s/"]+/g;

const ownMasks = ({ session }: Context): Masks => masksOf(session, 'USER');
const seesAll = standingQuestion((context) => ownMasks(context) === unmasked);
const masks = (context: Context): Masks =>
  askViewer(context, seesAll)
    ? unmasked
    : {
        hides: (field, row) => askViewer(context, (viewer) => ownMasks(viewer).hides(field, row)) === true,
        hidesSome: (field) => askViewer(context, (viewer) => ownMasks(viewer).hidesSome(field)) === true,
      };
const hidesAny = (context: Context): boolean =>
  (resourceDefinition('USER')?.maskable ?? []).some((field) => masks(context).hidesSome(field));
const isOwnName = (context: Context, name: string): boolean =>
  askViewer(context, ({ session }) => !session.isAnonymous && session.principal.name === name) === true;

/** Is something of it an e-mail address? A user name may be one. */
const holdsAddress = (text: string): boolean => text.includes('@');

/** The value of a user's field, as this viewer may see it. */
export function shownField<T>(context: Context, user: Row, field: string, value: T): T | string {
  if (value === null) return value;
  const hidden =
    masks(context).hides(field, user) ||
    (field === 'username' && holdsAddress(String(value)) && masks(context).hides('email', user));
  return hidden ? masked : value;
}

/** The name of somebody who is known by id only: a user, a service account, the system. */
export const shownName = (context: Context, id: string, name: string): string =>
  String(shownField(context, { id }, 'username', name));

/** Any other text that may tell of users: with their addresses and names masked, the viewer's own name apart. */
export function shownText(context: Context, text: string): string {
  let shown = text;
  if (masks(context).hidesSome('email'))
    shown = shown.replace(word, (found) => (isAddress(found) && !isOwnName(context, found) ? masked : found));
  if (masks(context).hidesSome('username'))
    shown = shown.replace(named, (found) =>
      isOwnName(context, found.slice('user:'.length)) ? found : `user:${masked}`,
    );
  return shown;
}

/** What an event calls its object: a user by name, others by words in which users may be named. */
export const shownKey = (
  context: Context,
  { resource, resourceId, resourceKey }: { resource: string; resourceId: string; resourceKey: string },
): string =>
  resource === 'USER' && resourceId !== ''
    ? shownName(context, resourceId, resourceKey)
    : shownText(context, resourceKey);

/** The same within any JSON. */
export function shownJson(context: Context, json: unknown): unknown {
  if (typeof json === 'string') return shownText(context, json);
  if (Array.isArray(json)) return json.map((member) => shownJson(context, member));
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, member]) => [key, shownJson(context, member)]));
}

/** Arguments of a reading that may be a name, or a part of one. */
const searches = new Set(['actorName', 'text']);

/** What else an event tells. What somebody searched the audit log for may be a name, though no user stands beside it. */
export function shownDetails(
  context: Context,
  { resource, type, details }: { resource: string; type: string; details: unknown },
): unknown {
  const shown = shownJson(context, details);
  const isSearch = resource === 'AUDITLOG' && type === 'READ';
  return isSearch && hidesAny(context) ? withoutNames(context, shown) : shown;
}

function withoutNames(context: Context, json: unknown): unknown {
  if (Array.isArray(json)) return json.map((member) => withoutNames(context, member));
  if (typeof json !== 'object' || json === null) return json;
  const shown = (key: string, member: unknown): unknown => {
    // Arguments that were too long are one text.
    const mayName = typeof member === 'string' && (searches.has(key) || key === 'args');
    return mayName && !isOwnName(context, member) ? masked : withoutNames(context, member);
  };
  return Object.fromEntries(Object.entries(json).map(([key, member]) => [key, shown(key, member)]));
}

interface PatchStep {
  readonly op: string;
  readonly path: string;
  readonly value?: unknown;
}

/** A JSON Patch of an object, as this viewer may see it. */
export function shownPatch(
  context: Context,
  { resource, resourceId }: { resource: string; resourceId: string },
  patch: unknown,
): unknown {
  if (resource !== 'USER' || !Array.isArray(patch)) return shownJson(context, patch);
  const row = { id: resourceId };
  const hidden = (resourceDefinition('USER')?.maskable ?? []).filter((field) => masks(context).hides(field, row));
  const part = (field: string, value: unknown): unknown =>
    value !== null && hidden.includes(field) ? masked : shownJson(context, value);
  return (patch as PatchStep[]).map((step) => {
    if (!('value' in step)) return step;
    const field = step.path.slice(1);
    if (field !== '' || typeof step.value !== 'object' || step.value === null)
      return { ...step, value: part(field, step.value) };
    const value = Object.fromEntries(Object.entries(step.value).map(([name, member]) => [name, part(name, member)]));
    return { ...step, value };
  });
}

/** A search over columns that hold user names among other text: not where it could find a masked one. */
export function searchable(context: Context, column: string, contains: Condition): Condition {
  const conditions: Condition[] = [{ [column]: contains }];
  if (masks(context).hidesSome('email')) conditions.push({ NOT: { [column]: { contains: '@' } } });
  if (masks(context).hidesSome('username')) conditions.push({ NOT: { [column]: { contains: 'user:' } } });
  return conditions.length === 1 ? conditions[0]! : { AND: conditions };
}

/** Of a user's columns, the condition that a search of this viewer may put: undefined where it may not at all. */
export function searchableField(context: Context, field: string, contains: Condition): Condition | undefined {
  if (masks(context).hidesSome(field)) return undefined;
  return field === 'username' && masks(context).hidesSome('email')
    ? searchable(context, field, contains)
    : { [field]: contains };
}

/** May this viewer ask for a user by this exact name? Not for an address that they would not be shown. */
export const mayAskByName = (context: Context, name: string): boolean =>
  name === context.session.principal.name ||
  !(masks(context).hidesSome('username') || (holdsAddress(name) && masks(context).hidesSome('email')));

/** @throws BAD_INPUT where the order would tell of masked values. */
export function assertSortable(context: Context, field: string): void {
  const hidden = masks(context).hidesSome(field) || (field === 'username' && masks(context).hidesSome('email'));
  if (hidden) throw badInput(['orderBy', 'field'], 'Users cannot be ordered by what is masked for you.');
}

/** A search over patches: not over those of users where something of them is masked. */
export function searchablePatch(context: Context, contains: Condition): Condition {
  const found = searchable(context, 'patchText', contains);
  return hidesAny(context) ? { AND: [found, { NOT: { resource: 'USER' } }] } : found;
}
