import { applyCommand } from './apply.ts';
import { importCommand } from './import.ts';
import { migrateCommand } from './migrate.ts';
import { policyCommand } from './policy.ts';
import { schemaCommand } from './schema.ts';
import { secretsCommand } from './secrets.ts';
import { serve } from './serve.ts';
import type { Command } from './usage.ts';
import { userCommand } from './user.ts';

/** Every command of `gatehouse`. */
export const commands: readonly Command[] = [
  serve,
  migrateCommand,
  userCommand,
  policyCommand,
  secretsCommand,
  schemaCommand,
  applyCommand,
  importCommand,
];
