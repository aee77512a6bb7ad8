import type { z } from 'zod';
import { isObject } from '../../../lib/json.ts';
import { email, personName, username } from '../../rules.ts';
import { booleanOf } from './condition.ts';
import { scimFault } from './fault.ts';
import { matches } from './filter.ts';
import { memberOf, type Step } from './patch.ts';

/** What a request changes about a user. An absent field is unchanged. */
export interface UserChange {
  userName?: string;
  email?: string;
  givenName?: string | null;
  familyName?: string | null;
  active?: boolean;
  externalId?: string | null;
}

const maxExternalId = 255;
const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:user';
/** The client cannot change them. */
const readOnly = new Set(['id', 'meta', 'schemas', 'groups']);
/** Attributes of the schema that the gateway does not store. Directories send them by default, so it ignores them. */
const notStored = new Set([
  ...['displayname', 'nickname', 'profileurl', 'title', 'usertype', 'preferredlanguage', 'locale', 'timezone'],
  ...['password', 'phonenumbers', 'ims', 'photos', 'addresses', 'entitlements', 'roles', 'x509certificates'],
  ...['name.formatted', 'name.middlename', 'name.honorificprefix', 'name.honorificsuffix'],
]);

function valid<T>(rule: z.ZodType<T>, value: unknown, name: string): T {
  const { success, data, error } = rule.safeParse(value);
  if (success) return data;
  throw scimFault('invalidValue', `${name}: ${error.issues[0]!.message}`);
}

export function externalIdOf(value: unknown): string | null {
  if (value === null || value === '') return null;
  if (typeof value === 'string' && value.length <= maxExternalId && !value.includes('\0') && value.isWellFormed())
    return value;
  throw scimFault('invalidValue', `externalId is a text of at most ${maxExternalId} characters.`);
}

/** Older requests of Entra wrap a single value in a list. */
function single(value: unknown): unknown {
  const [first] = Array.isArray(value) && value.length === 1 ? value : [];
  return isObject(first) && 'value' in first ? first['value'] : value;
}

/** The address of a list, which has at most one that counts: the primary one, that of work, or the first. */
function addressOf(value: unknown, op: Step['op']): string | undefined {
  if (typeof value === 'string') return valid(email, value, 'emails');
  const entries = (Array.isArray(value) ? value : [value]).filter(isObject);
  const isPrimary = (entry: Record<string, unknown>) => booleanOf(memberOf(entry, 'primary')) === true;
  const isWork = (entry: Record<string, unknown>) => String(memberOf(entry, 'type') ?? '').toLowerCase() === 'work';
  const chosen = entries.find(isPrimary) ?? entries.find(isWork) ?? entries[0];
  if (!chosen) throw scimFault('invalidValue', 'A user has an e-mail address.');
  // Another address that is added does not replace the first.
  if (op === 'add' && !isPrimary(chosen) && !isWork(chosen) && memberOf(chosen, 'type') !== undefined) return undefined;
  return valid(email, memberOf(chosen, 'value'), 'emails');
}

function setEmail(change: UserChange, { op, path, filter, value }: Step, current: string | undefined): void {
  const values = { 'emails.type': 'work', 'emails.primary': true, 'emails.value': change.email ?? current };
  if (filter && !matches(filter, values)) {
    if (op === 'replace') throw scimFault('noTarget', 'No e-mail address matches the filter of the path.');
    return;
  }
  if (path === 'emails.type' || path === 'emails.primary' || path === 'emails.display') return;
  if (path !== 'emails' && path !== 'emails.value') throw scimFault('invalidPath', `The attribute ${path} is unknown.`);
  if (op === 'remove') throw scimFault('mutability', 'The e-mail address of a user cannot be removed.');
  const address = addressOf(value, op);
  if (address !== undefined) change.email = address;
}

function setNames(change: UserChange, { op, value, isNamed }: Step): void {
  if (op === 'remove' || value === null) {
    change.givenName = null;
    change.familyName = null;
    return;
  }
  if (!isObject(value)) throw scimFault('invalidValue', 'name is an object.');
  for (const [name, part] of Object.entries(value))
    assign(change, { op, path: `name.${name.toLowerCase()}`, value: part, isNamed }, undefined);
}

const required = (path: string) => scimFault('mutability', `The attribute ${path} cannot be removed.`);

/** @param current the present e-mail address, for the filter of a path. */
function assign(change: UserChange, step: Step, current: string | undefined): void {
  const { op, path, value, isNamed } = step;
  const isRemoved = op === 'remove';
  switch (path) {
    case 'username':
      if (isRemoved) throw required(path);
      change.userName = valid(username, single(value), 'userName');
      return;
    case 'active': {
      const active = booleanOf(single(value));
      if (isRemoved) throw required(path);
      if (active === undefined) throw scimFault('invalidValue', 'active is true or false.');
      change.active = active;
      return;
    }
    case 'externalid':
      change.externalId = isRemoved ? null : externalIdOf(single(value));
      return;
    case 'name':
      setNames(change, step);
      return;
    case 'name.givenname':
      change.givenName = isRemoved ? null : (valid(personName, single(value), 'name.givenName') ?? null);
      return;
    case 'name.familyname':
      change.familyName = isRemoved ? null : (valid(personName, single(value), 'name.familyName') ?? null);
      return;
    default:
      if (path.split('.')[0] === 'emails') {
        setEmail(change, step, current);
        return;
      }
      if (readOnly.has(path.split('.')[0]!)) {
        if (isNamed) throw scimFault('mutability', `The attribute ${path} is read-only.`);
        return;
      }
      if (notStored.has(path) || notStored.has(path.split('.')[0]!) || path.startsWith(enterprise)) return;
      // A body can have attributes of other schemas. A path that names one is a mistake.
      if (isNamed) throw scimFault('invalidPath', `The attribute ${path} is unknown.`);
  }
}

/** Reads what the steps change, in their order. @throws BAD_INPUT. */
export function userChange(steps: readonly Step[], current?: string): UserChange {
  const change: UserChange = {};
  for (const step of steps) assign(change, step, current);
  return change;
}
