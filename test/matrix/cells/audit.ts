import { asSystem } from '../../../src/policy/session/system.ts';
import { updateNamespace } from '../../../src/resources/orchestration/namespace/service.ts';
import { idOf } from '../../support/world.ts';
import { type Attempting, attempt } from '../attempt.ts';

export const mutations: Record<string, Record<string, Attempting>> = {
  'AUDITLOG:READ': {
    undoChange: async (stage) => {
      const { world, a } = stage;
      const { id } = await world.namespace(a, `company.x.${stage.name('n')}`);
      const grant = asSystem('NAMESPACE:UPDATE', 'test', a.id);
      await world.write((tx) => updateNamespace(tx, grant, a, id, { description: 'a mistake' }));
      const event = await world.db.auditEvent.findFirstOrThrow({
        where: { resourceId: id, action: 'namespace.update' },
      });
      // Permissions that the undo itself requires.
      await stage.besides('NAMESPACE:READ', 'NAMESPACE:UPDATE');
      return attempt(
        'undoChange',
        'UndoChangeInput',
        'eventIds',
        { event: idOf('AuditEvent', event) },
        async () => (await world.db.namespace.count({ where: { id, description: null } })) === 1,
      );
    },
  },
};
