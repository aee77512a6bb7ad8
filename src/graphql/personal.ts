import type { Row } from '../access/grant.ts';
import { resourceDefinition } from '../access/resource.ts';
import { badInput } from '../errors.ts';
import { type Masks, masksOf, unmasked } from '../policy/filter/masks.ts';
import type { Condition } from './connection/connection-type.ts';
import type { Context } from './context.ts';
import { askViewer, standingQuestion } from './streams/shared-viewing.ts';

/** Replacement for a masked value. */
export const masked = '***';

const word = /[^\s/<>"'(),:;]+/g;
/** Searched word by word: one expression for the whole text would be quadratic in the length of a word. */
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

/** True if it contains an e-mail address. A user name may be one. */
const holdsAddress = (text: string): boolean => text.includes('@');

/** The value of a user's field, masked for this viewer. */
export function shownField<T>(context: Context, user: Row, field: string, value: T): T | string {
  if (value === null) return value;
  const hidden =
    masks(context).hides(field, user) ||
    (field === 'username' && holdsAddress(String(value)) && masks(context).hides('email', user));
  return hidden ? masked : value;
}

/** The name of a principal by ID: a user, a service account, the system. */
export const shownName = (context: Context, id: string, name: string): string =>
  String(shownField(context, { id }, 'username', name));

/** Any other text that may mention users: addresses and names are masked, except the viewer's own name. */
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

/** The object's name in an event: a user by name, others by words that may include user names. */
export const shownKey = (
  context: Context,
  { resource, resourceId, resourceKey }: { resource: string; resourceId: string; resourceKey: string },
): string =>
  resource === 'USER' && resourceId !== ''
    ? shownName(context, resourceId, resourceKey)
    : shownText(context, resourceKey);

/** The same in any JSON. */
export function shownJson(context: Context, json: unknown): unknown {
  if (typeof json === 'string') return shownText(context, json);
  if (Array.isArray(json)) return json.map((member) => shownJson(context, member));
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, member]) => [key, shownJson(context, member)]));
}

/** Arguments of a read that may be a name or part of one. */
const searches = new Set(['actorName', 'text']);

/** Details of an event. A search in the audit log may contain a name, even if the event is not about a user. */
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
    // Long arguments are truncated to one text.
    if (key === 'details' && Array.isArray(member)) return member.map(() => masked);
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

/** A JSON Patch of an object, masked for this viewer. */
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

/** A search over columns with user names in other text. Not allowed where it could match a masked one. */
export function searchable(context: Context, column: string, contains: Condition): Condition {
  const conditions: Condition[] = [{ [column]: contains }];
  if (masks(context).hidesSome('email')) conditions.push({ NOT: { [column]: { contains: '@' } } });
  if (masks(context).hidesSome('username')) conditions.push({ NOT: { [column]: { contains: 'user:' } } });
  return conditions.length === 1 ? conditions[0]! : { AND: conditions };
}

/** The condition that a search of this viewer can use on a user's columns; undefined if none. */
export function searchableField(context: Context, field: string, contains: Condition): Condition | undefined {
  if (masks(context).hidesSome(field)) return undefined;
  return field === 'username' && masks(context).hidesSome('email')
    ? searchable(context, field, contains)
    : { [field]: contains };
}

/** True if this viewer can look up a user by exact name. False for an address that is masked for them. */
export const mayAskByName = (context: Context, name: string): boolean =>
  name === context.session.principal.name ||
  !(masks(context).hidesSome('username') || (holdsAddress(name) && masks(context).hidesSome('email')));

/** True if this viewer sees the text unmasked, and so can search for it. */
export const isShown = (context: Context, text: string): boolean => shownText(context, text) === text;

/** @throws BAD_INPUT if the order would reveal masked values. */
export function assertSortable(context: Context, field: string): void {
  const hidden = masks(context).hidesSome(field) || (field === 'username' && masks(context).hidesSome('email'));
  if (hidden) throw badInput(['orderBy', 'field'], 'Users cannot be ordered by a field that is masked for you.');
}

/** A search over patches, without those of users if a field is masked. */
export function searchablePatch(context: Context, contains: Condition): Condition {
  const found = searchable(context, 'patchText', contains);
  return hidesAny(context) ? { AND: [found, { NOT: { resource: 'USER' } }] } : found;
}
