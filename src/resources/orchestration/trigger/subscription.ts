import { changesSubscription } from '../../../graphql/streams/row-changes.ts';
import { TriggerRef, TriggerWhere, triggerCondition } from './schema.ts';

changesSubscription('triggers', {
  type: TriggerRef as never,
  description: 'Streams the triggers of a tenant as they are created, changed and deleted.',
  permission: 'TRIGGER:READ',
  where: { input: TriggerWhere, toCondition: triggerCondition },
});
