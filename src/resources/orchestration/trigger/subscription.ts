import { changesSubscription } from '../../../graphql/streams/row-changes.ts';
import { TriggerRef, TriggerWhere, triggerCondition } from './schema.ts';

changesSubscription('triggers', {
  type: TriggerRef as never,
  description: 'The triggers of a tenant as they come up, change and go.',
  permission: 'TRIGGER:READ',
  where: { input: TriggerWhere, toCondition: triggerCondition },
});
