import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An organisation as exported by a code host. */
export interface Organisation {
  readonly tenant: string;
  readonly description: string;
  readonly admins: readonly string[];
  readonly members: readonly string[];
  /** The level of every member in every repository. */
  readonly defaultRepositoryPermission: Level | 'none';
  readonly teams: readonly Team[];
}
export interface Team {
  readonly name: string;
  readonly description: string;
  /** The parent team. Members of this team also have what the parent team has. */
  readonly parent: string | null;
  readonly maintainers: readonly string[];
  readonly members: readonly string[];
  readonly repos: Readonly<Record<string, Level>>;
}
export type Level = 'read' | 'triage' | 'write' | 'maintain' | 'admin';

/** Optional, outside of the project and never part of it. */
export const organisationFile = join(import.meta.dirname, '../../../shared/data/org/organisations.json');
export const readOrganisations = (file = organisationFile): Organisation[] => JSON.parse(readFileSync(file, 'utf8'));

const everyMember = 'all members';
const flows = ['FLOW', 'EXECUTION', 'TRIGGER'] as const;
const read = { FLOW: ['READ'], EXECUTION: ['READ'], TRIGGER: ['READ'] };
const triage = { ...read, EXECUTION: ['READ', 'UPDATE'] };
const write = {
  FLOW: ['READ', 'CREATE', 'UPDATE'],
  TRIGGER: ['READ', 'CREATE', 'UPDATE'],
  EXECUTION: ['READ', 'UPDATE', 'CREATE'],
};
const maintain = { ...write, NAMESPACE: ['UPDATE'], SECRET: ['UPDATE'] };
const admin = Object.fromEntries(
  [...flows, 'NAMESPACE', 'SECRET'].map((resource) => [resource, ['CREATE', 'READ', 'UPDATE', 'DELETE']]),
);
const roles = Object.entries({ read, triage, write, maintain, admin }).map(([level, permissions]) => ({
  name: `repo-${level}`,
  permissions,
}));

export const namespaceOf = (repository: string): string => repository.toLowerCase().replaceAll('.', '_');

/** Returns a team with all its ancestors. */
function lineage(teams: ReadonlyMap<string, Team>, team: Team): Team[] {
  const parent = team.parent === null ? undefined : teams.get(team.parent);
  return [team, ...(parent ? lineage(teams, parent) : [])];
}

/**
 * Converts repositories to namespaces (implicit through their bindings), teams to groups, and maintainers to owners.
 */
function tenantOf({ tenant, description, admins, members, defaultRepositoryPermission: all, teams }: Organisation) {
  const byName = new Map(teams.map((team) => [team.name, team]));
  const people = new Map(teams.map(({ name }) => [name, new Set<string>()]));
  for (const team of teams) {
    for (const { name } of lineage(byName, team)) {
      for (const person of [...team.members, ...team.maintainers]) people.get(name)!.add(person);
    }
  }
  const groups = teams.map(({ name, description: text, maintainers }) => ({
    name,
    ...(text !== '' && { description: text }),
    owners: maintainers,
    members: [...people.get(name)!].filter((person) => !maintainers.includes(person)),
  }));
  return {
    key: tenant,
    name: tenant,
    description,
    users: [...admins, ...members],
    roles,
    groups: [...groups, { name: everyMember, owners: [], members }],
    bindings: [
      ...admins.map((user) => ({ user, role: 'Admin' })),
      ...(all === 'none' ? [] : [{ group: everyMember, role: `repo-${all}` }]),
      ...teams.flatMap(({ name, repos }) =>
        Object.entries(repos).map(([repository, level]) => ({
          group: name,
          role: `repo-${level}`,
          namespace: namespaceOf(repository),
        })),
      ),
    ],
  };
}

/** Returns a description for `gatehouse apply`. E-mail addresses are invented. */
export function describeOrganisations(organisations: readonly Organisation[]) {
  const people = new Set(organisations.flatMap(({ admins, members }) => [...admins, ...members]));
  return {
    users: [...people].map((username) => ({ username, email: `${username}@people.example` })),
    tenants: organisations.map(tenantOf),
  };
}

if (import.meta.main) console.log(JSON.stringify(describeOrganisations(readOrganisations(process.argv[2]))));
