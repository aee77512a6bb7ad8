import { exportForm, verifyForms } from './audit-usage.ts';
import { type Command, UsageError } from './usage.ts';

/** Subcommands of `gatehouse audit`, loaded on demand. */
const parts: Readonly<Record<string, () => Promise<(args: readonly string[]) => Promise<number>>>> = {
  verify: async () => (await import('./audit-verify.ts')).verify,
  checkpoint: async () => (await import('./audit-checkpoint.ts')).checkpoint,
  key: async () => (await import('./audit-checkpoint.ts')).publicKey,
  export: async () => (await import('./audit-export.ts')).exportEvents,
};

export const auditCommand: Command = {
  name: 'audit',
  usage: 'audit verify | checkpoint | key | export …',
  forms: [...verifyForms, 'audit checkpoint', 'audit key', exportForm],
  description: 'Verify that no audit event was changed or lost; export events.',
  async run([part = '', ...args]) {
    const load = Object.hasOwn(parts, part) ? parts[part] : undefined;
    if (!load) throw new UsageError(`Usage: gatehouse audit ${Object.keys(parts).join(' | ')} …`);
    return (await load())(args);
  },
};
