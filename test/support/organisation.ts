import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One organisation as a code host exports it. */
export interface Organisation {
  readonly tenant: string;
  readonly description: string;
  readonly admins: readonly string[];
  readonly members: readonly string[];
  /** What every member may do in every repository. */
  readonly defaultRepositoryPermission: Level | 'none';
  readonly teams: readonly Team[];
}
export interface Team {
  readonly name: string;
  readonly description: string;
  /** The team that this one is part of: its members have what the parent's have. */
  readonly parent: string | null;
  readonly maintainers: readonly string[];
  readonly members: readonly string[];
  readonly repos: Readonly<Record<string, Level>>;
}
export type Level = 'read' | 'triage' | 'write' | 'maintain' | 'admin';

/** Lies beside the project where it is there at all; never part of it. */
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

/** A team with all above it. */
function lineage(teams: ReadonlyMap<string, Team>, team: Team): Team[] {
  const parent = team.parent === null ? undefined : teams.get(team.parent);
  return [team, ...(parent ? lineage(teams, parent) : [])];
}

/** Repositories become namespaces (implied by what is bound there), teams groups, maintainers owners of theirs. */
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

/** The description that `gatehouse apply` takes. E-mail addresses are invented. */
export function describeOrganisations(organisations: readonly Organisation[]) {
  const people = new Set(organisations.flatMap(({ admins, members }) => [...admins, ...members]));
  return {
    users: [...people].map((username) => ({ username, email: `${username}@people.example` })),
    tenants: organisations.map(tenantOf),
  };
}

if (import.meta.main) console.log(JSON.stringify(describeOrganisations(readOrganisations(process.argv[2]))));
