import type { Tenant } from '../../src/db/generated/client.ts';
import { World } from '../support/world.ts';

/** The password of each person of {@link peopledWorld}. */
export const secret = 'another long passphrase';

/**
 * A world with two tenants. In `main`: an admin, an editor of `company.data`, a viewer, a group and a service account. A
 * newcomer has no tenant. The user name of each says what they are.
 */
export async function peopledWorld(): Promise<{ world: World; main: Tenant }> {
  const world = await World.create();
  const main = await world.tenant('main');
  await world.tenant('other');
  await world.namespace(main, 'company.data');
  const [admin, editor, viewer] = [
    await world.user('admin', [main], { password: secret }),
    await world.user('editor', [main], { password: secret }),
    await world.user('viewer', [main], { password: secret }),
  ];
  await world.bind(main, { principal: admin }, await world.managed(main, 'Admin'));
  await world.bind(main, { principal: editor }, await world.managed(main, 'Editor'), 'company.data');
  await world.bind(main, { principal: viewer }, await world.managed(main, 'Viewer'));
  await world.user('newcomer', [], { password: secret });
  await world.group(main, 'Data');
  await world.account(main, 'ci-deploy');
  return { world, main };
}
