import { readConfig } from '../config.ts';
import { migrate } from '../db/migrate.ts';
import { openConnection } from './store.ts';
import { assertNoArguments, type Command } from './usage.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  usage: 'migrate',
  description: 'Apply the migrations and exit. The gateway also applies them at its start.',
  async run(args) {
    assertNoArguments('migrate', args);
    const { connection, embedded } = await openConnection(readConfig());
    try {
      const applied = await migrate(connection);
      console.log(applied.length > 0 ? `applied: ${applied.join(', ')}` : 'no migrations to apply');
      return 0;
    } finally {
      if (embedded && !embedded.adopted) await embedded.stop();
    }
  },
};
