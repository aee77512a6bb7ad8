import { readConfig } from '../config.ts';
import { migrate } from '../db/migrate.ts';
import { openConnection } from './store.ts';
import { assertNoArguments, type Command } from './usage.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  usage: 'migrate',
  description: 'Apply the migrations and end (the gateway also does it at its start).',
  async run(args) {
    assertNoArguments('migrate', args);
    const { connection, embedded } = await openConnection(readConfig());
    try {
      const applied = await migrate(connection);
      console.log(applied.length > 0 ? `applied: ${applied.join(', ')}` : 'nothing to apply');
      return 0;
    } finally {
      if (embedded && !embedded.adopted) await embedded.stop();
    }
  },
};
