import { type Actor, abstain, definePolicy, deny, type LookUps, type Row, z } from '../src/policy/contract.ts';

const duties = ['roles', 'triggers'] as const;

/** The actors. While impersonating, both of them. */
const doers = ({ id, impersonator }: Actor): string[] => (impersonator ? [id, impersonator.id] : [id]);
const text = (value: unknown): string => String(value ?? '');

/** True if the actors created or changed one of these roles. Roles that Gatehouse maintains have no author. */
async function madeOne(roleIds: readonly string[], who: readonly string[], look: LookUps): Promise<boolean> {
  for (const { id } of await look.rows('ROLE', { AND: [{ id: { in: [...roleIds] } }, { isManaged: false }] })) {
    const authors = await look.authors('ROLE', text(id), 'permissions');
    if (who.some((one) => authors.has(one))) return true;
  }
  return false;
}

async function bindsToThemselves(binding: Row, who: readonly string[], look: LookUps): Promise<boolean> {
  const { principalId, groupId, roleId } = binding;
  const concerned = groupId == null ? who.includes(text(principalId)) : await look.isMember(text(groupId), who);
  return concerned && madeOne([text(roleId)], who, look);
}

async function letsThemselvesIn(member: Row, who: readonly string[], look: LookUps): Promise<boolean> {
  if (!who.includes(text(member['principalId']))) return false;
  const bindings = await look.rows('BINDING', { groupId: text(member['id']) });
  return bindings.length > 0 && madeOne([...new Set(bindings.map(({ roleId }) => text(roleId)))], who, look);
}

async function wroteTheFlow({ namespace, flowId }: Row, who: readonly string[], look: LookUps): Promise<boolean> {
  for (const { id } of await look.rows('FLOW', { namespace: text(namespace), flowId: text(flowId) })) {
    const authors = await look.authors('FLOW', text(id), 'source');
    if (who.some((one) => authors.has(one))) return true;
  }
  return false;
}

/**
 * Four-eyes principle. The authors of a role are its creator and everyone who ever changed its permissions, so a small
 * change by another author removes none. While impersonating, both actors count, as authors and as actors. For a group,
 * its members at that time count. Not covered: a service account whose token the author has, the default role of new
 * access, and a change of a role that the author already holds (granting requires its permissions there).
 */
export default definePolicy({
  name: 'separate-duties',
  description:
    'Prevents actors from taking a role that they created, and from enabling the trigger of a flow that they wrote.',
  resources: ['BINDING', 'GROUP', 'FLOW', 'TRIGGER'],
  // Deleting the state of a trigger resets it to its source, in which it can be enabled.
  actions: ['CREATE', 'UPDATE', 'DELETE'],
  reads: ['id'],
  config: z.strictObject({ duties: z.array(z.enum(duties)).default([]) }),
  create: ({ duties: chosen }) => ({
    evaluate: () => abstain(),
    async review({ resource, actor, scope }, { before, after }, look) {
      if (after === null) return abstain();
      const who = doers(actor);
      if (chosen.includes('roles')) {
        if (resource === 'BINDING' && (await bindsToThemselves(after, who, look)))
          return deny('the actor created this role; another actor must bind it to them or their groups');
        if (resource === 'GROUP' && scope.part && before === null && (await letsThemselvesIn(after, who, look)))
          return deny('the actor created a role of this group; another actor must add them');
      }
      // Saving a flow makes the actor its author: triggers that are enabled in it count as enabled by the actor.
      const comingUp = resource === 'FLOW' ? after['enables'] : undefined;
      if (chosen.includes('triggers') && Array.isArray(comingUp) && comingUp.length > 0)
        return deny(
          `the actor would enable ${comingUp.join(', ')} of a flow that they write; save it with disabled: true`,
        );
      const enables = resource === 'TRIGGER' && before?.['disabled'] === true && after['disabled'] === false;
      if (enables && chosen.includes('triggers') && (await wroteTheFlow(after, who, look)))
        return deny('the actor wrote the flow of this trigger; another actor must enable it');
      return abstain();
    },
  }),
});
