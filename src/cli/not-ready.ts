import type { App } from '../app.ts';
import { differences } from '../policy/set-difference.ts';

const command = 'npm run gatehouse -- policy accept';

/** Why a started gateway decides nothing, and what to do. */
export async function notReady({ store, policies, config }: App): Promise<string> {
  const { plugins } = await store.prisma.accessState.findFirstOrThrow({ where: { id: 1 } });
  const found = differences(plugins, policies.engine.set, config.placeOf);
  const lines = found.map((line) => `\n  - ${line}`).join('');
  return `NOT READY: the policies of this gateway differ from the accepted policies (accepted → this gateway):${lines}
To accept the policies of this gateway, run with the same GATEHOUSE_ variables: ${command}
To keep the accepted policies, revert the change and start again.`;
}
