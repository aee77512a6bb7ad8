import type { App } from '../app.ts';
import { differences } from '../policy/set-difference.ts';

const command = 'npm run gatehouse -- policy accept';

/** Why a started gateway decides nothing, and what to do. */
export async function notReady({ store, policies, config }: App): Promise<string> {
  const { plugins } = await store.prisma.accessState.findFirstOrThrow({ where: { id: 1 } });
  const found = differences(plugins, policies.engine.set, config.placeOf);
  const lines = found.map((line) => `\n  - ${line}`).join('');
  return `NOT READY: the policies of this gateway are not the accepted ones (in force → here):${lines}
To put those of this gateway in force, run with the same GATEHOUSE_ variables: ${command}
To keep those in force, take the change back and start again.`;
}
