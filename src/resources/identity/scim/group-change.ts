import { isObject } from '../../../lib/json.ts';
import { displayName } from '../../rules.ts';
import { scimFault } from './fault.ts';
import type { Filter } from './filter.ts';
import { memberOf, type Step } from './patch.ts';
import { externalIdOf } from './user-change.ts';

/** What a request changes about a group. Without `isWhole`, only these members change, and all others stay. */
export interface GroupChange {
  displayName?: string;
  externalId?: string | null;
  readonly add: Set<string>;
  readonly remove: Set<string>;
  /** True if `add` is the complete list of members. */
  isWhole: boolean;
}

const readOnly = new Set(['id', 'meta', 'schemas']);

function memberIds(value: unknown): string[] {
  const entries = Array.isArray(value) ? value : [value];
  return entries.map((entry) => {
    const id = isObject(entry) ? memberOf(entry, 'value') : entry;
    if (isObject(entry) && String(memberOf(entry, 'type') ?? 'User').toLowerCase() === 'group')
      throw scimFault('invalidValue', 'A group cannot be a member of a group.');
    if (typeof id !== 'string' || id === '') throw scimFault('invalidValue', 'A member has the ID of a user as value.');
    return id;
  });
}

/** The members that a path such as members[value eq "ID"] names. */
function namedIn(filter: Filter): string[] {
  if (filter.kind === 'or') return filter.parts.flatMap(namedIn);
  if (filter.kind === 'compare' && filter.path === 'members.value' && filter.operator === 'eq')
    return [String(filter.value)];
  throw scimFault('invalidFilter', 'Name members by value eq "ID", joined by or.');
}

function setMembers(change: GroupChange, { op, path, filter, value }: Step): void {
  if (path !== 'members' || (filter && op !== 'remove'))
    throw scimFault('invalidPath', 'Change members by the path members, or remove one by members[value eq "ID"].');
  // Entra names the members to remove in value. Without both, RFC 7644 removes all members.
  const isAll = op === 'remove' && !filter && value == null;
  if (op === 'replace' || isAll) {
    change.isWhole = true;
    change.add.clear();
    change.remove.clear();
  }
  if (isAll) return;
  const ids = filter ? namedIn(filter) : value == null ? [] : memberIds(value);
  const [to, from] = op === 'remove' ? [change.remove, change.add] : [change.add, change.remove];
  for (const id of ids) {
    to.add(id);
    from.delete(id);
  }
}

/** Reads what the steps change, in their order. @throws BAD_INPUT. */
export function groupChange(steps: readonly Step[]): GroupChange {
  const change: GroupChange = { add: new Set(), remove: new Set(), isWhole: false };
  for (const step of steps) {
    const { op, path, value, isNamed } = step;
    if (path === 'displayname') {
      if (op === 'remove') throw scimFault('mutability', 'The attribute displayName cannot be removed.');
      const { success, data, error } = displayName.safeParse(value);
      if (!success) throw scimFault('invalidValue', `displayName: ${error.issues[0]!.message}`);
      change.displayName = data;
    } else if (path === 'externalid') change.externalId = op === 'remove' ? null : externalIdOf(value);
    else if (path.split('.')[0] === 'members') setMembers(change, step);
    else if (isNamed)
      throw readOnly.has(path)
        ? scimFault('mutability', `The attribute ${path} is read-only.`)
        : scimFault('invalidPath', `The attribute ${path} is unknown.`);
  }
  return change;
}
