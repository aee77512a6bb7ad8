import type { Command } from './usage.ts';

/** All commands of `gatehouse`, loaded on demand: most need a small part of the program. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  doctor: async () => (await import('./doctor.ts')).doctorCommand,
  backup: async () => (await import('./backup.ts')).backupCommand,
  restore: async () => (await import('./restore.ts')).restoreCommand,
  migrate: async () => (await import('./migrate.ts')).migrateCommand,
  user: async () => (await import('./user.ts')).userCommand,
  provider: async () => (await import('./provider.ts')).providerCommand,
  policy: async () => (await import('./policy.ts')).policyCommand,
  secrets: async () => (await import('./secrets.ts')).secretsCommand,
  schema: async () => (await import('./schema.ts')).schemaCommand,
  login: async () => (await import('./login.ts')).loginCommand,
  logout: async () => (await import('./logout.ts')).logoutCommand,
  whoami: async () => (await import('./whoami.ts')).whoamiCommand,
  apply: async () => (await import('./apply.ts')).applyCommand,
  audit: async () => (await import('./audit.ts')).auditCommand,
  import: async () => (await import('./import.ts')).importCommand,
  flow: async () => (await import('./flow.ts')).flowCommand,
  execution: async () => (await import('./execution.ts')).executionCommand,
  namespace: async () => (await import('./namespace.ts')).namespaceCommand,
};
