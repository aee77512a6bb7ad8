/**
 * Computes all permissions directly from the organisations: a second implementation that shares no code with the
 * gateway or
 * the conversion.
 */
interface Export {
  tenant: string;
  admins: string[];
  members: string[];
  defaultRepositoryPermission: string;
  teams: {
    name: string;
    parent: string | null;
    maintainers: string[];
    members: string[];
    repos: Record<string, string>;
  }[];
}

const levels = ['none', 'read', 'triage', 'write', 'maintain', 'admin'];
/** The minimum level of each permission. */
const from: Record<string, string> = {
  'FLOW:READ': 'read',
  'EXECUTION:READ': 'read',
  'TRIGGER:READ': 'read',
  'EXECUTION:UPDATE': 'triage',
  'FLOW:CREATE': 'write',
  'FLOW:UPDATE': 'write',
  'TRIGGER:CREATE': 'write',
  'TRIGGER:UPDATE': 'write',
  'EXECUTION:CREATE': 'write',
  'NAMESPACE:UPDATE': 'maintain',
  'SECRET:UPDATE': 'maintain',
  'FLOW:DELETE': 'admin',
  'EXECUTION:DELETE': 'admin',
  'TRIGGER:DELETE': 'admin',
  'NAMESPACE:CREATE': 'admin',
  'NAMESPACE:READ': 'admin',
  'NAMESPACE:DELETE': 'admin',
  'SECRET:CREATE': 'admin',
  'SECRET:READ': 'admin',
  'SECRET:DELETE': 'admin',
};
export const walkedPermissions = Object.keys(from);

export class OrganisationWalk {
  readonly #organisation: Export;
  readonly #levels = new Map<string, Map<string, number>>();

  constructor(organisation: unknown) {
    this.#organisation = organisation as Export;
  }

  get repositories(): string[] {
    return [...new Set(this.#organisation.teams.flatMap((team) => Object.keys(team.repos)))].sort();
  }

  may(user: string, permission: string, repository: string): boolean {
    const { admins } = this.#organisation;
    if (admins.includes(user)) return true;
    return this.#level(user, repository) >= levels.indexOf(from[permission]!);
  }

  #level(user: string, repository: string): number {
    let own = this.#levels.get(user);
    if (!own) {
      own = this.#repositoriesOf(user);
      this.#levels.set(user, own);
    }
    const { members, defaultRepositoryPermission } = this.#organisation;
    const basis = members.includes(user) ? levels.indexOf(defaultRepositoryPermission) : 0;
    return Math.max(basis, own.get(repository) ?? 0);
  }

  /** Walks up from each team of the user and takes the highest level for each repository. */
  #repositoriesOf(user: string): Map<string, number> {
    const { teams } = this.#organisation;
    const found = new Map<string, number>();
    for (const start of teams) {
      if (!start.members.includes(user) && !start.maintainers.includes(user)) continue;
      let name: string | null = start.name;
      while (name !== null) {
        const team: Export['teams'][number] = teams.find((candidate) => candidate.name === name)!;
        for (const [repository, level] of Object.entries(team.repos))
          found.set(repository, Math.max(found.get(repository) ?? 0, levels.indexOf(level)));
        name = team.parent;
      }
    }
    return found;
  }
}
