import type { Organisation } from './organisation.ts';

/**
 * A small organisation with cases that real exports may lack: every level, nested teams whose parents hold more, two
 * ways to
 * a repository.
 */
export const inventedOrganisations: readonly Organisation[] = [
  {
    tenant: 'nested',
    description: 'Teams within teams.',
    admins: ['ada'],
    members: ['bob', 'cid', 'dee', 'eve', 'fay', 'gus'],
    defaultRepositoryPermission: 'none',
    teams: [
      {
        name: 'platform',
        description: '',
        parent: null,
        maintainers: ['bob'],
        members: ['cid'],
        repos: { core: 'maintain', 'site.example': 'triage' },
      },
      {
        name: 'storage',
        description: 'Disks.',
        parent: 'platform',
        maintainers: ['dee'],
        members: [],
        repos: { Disks: 'write' },
      },
      {
        name: 'tapes',
        description: '',
        parent: 'storage',
        maintainers: ['bob'],
        members: ['eve'],
        repos: { tapes: 'admin' },
      },
      {
        name: 'readers',
        description: '',
        parent: null,
        maintainers: [],
        members: ['cid', 'fay'],
        repos: { core: 'read', tapes: 'triage' },
      },
    ],
  },
  {
    tenant: 'open',
    description: 'Everybody triages.',
    admins: ['gus'],
    members: ['ada', 'eve', 'hal'],
    defaultRepositoryPermission: 'triage',
    teams: [
      {
        name: 'writers',
        description: '',
        parent: null,
        maintainers: [],
        members: ['hal'],
        repos: { core: 'write', docs: 'read' },
      },
      {
        name: 'owners',
        description: '',
        parent: 'writers',
        maintainers: ['eve'],
        members: [],
        repos: { docs: 'admin' },
      },
    ],
  },
];
