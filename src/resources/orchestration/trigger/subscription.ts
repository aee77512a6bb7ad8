import { changesSubscription } from '../../../graphql/streams/row-changes.ts';
import { TriggerRef, TriggerWhere, triggerCondition } from './schema.ts';

changesSubscription('triggers', {
  model: 'Trigger',
  type: TriggerRef as never,
  description: 'The triggers of a tenant as they come up, change and go.',
  permission: 'TRIGGER:READ',
  inTenant: true,
  where: { input: TriggerWhere, toCondition: triggerCondition },
});
