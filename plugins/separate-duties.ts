import { type Actor, abstain, definePolicy, deny, type LookUps, type Row, z } from '../src/policy/contract.ts';

const duties = ['roles', 'triggers'] as const;

/** Who acts: while impersonating, both of them. */
const doers = ({ id, impersonator }: Actor): string[] => (impersonator ? [id, impersonator.id] : [id]);
const text = (value: unknown): string => String(value ?? '');

/** Of these roles, is there one that the doers made? What Gatehouse itself keeps is nobody's. */
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
 * Two pairs of eyes. Author is whoever created the role or ever changed its permissions, so another's small change takes
 * nobody off the list; while impersonating, both count, as authors and as those who act. A group counts by its members
 * at that moment. Not seen: a service account whose token the author has, the default role that comes with access, and a
 * change of a role that they hold already (handing on asks for its permissions there).
 */
export default definePolicy({
  name: 'separate-duties',
  description: 'Nobody takes a role that they made themselves, or enables the trigger of a flow that they wrote.',
  resources: ['BINDING', 'GROUP', 'FLOW', 'TRIGGER'],
  // Deleting the state of a trigger sets it back to what its source says, which may be on.
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
          return deny('they made this role: somebody else must bind it to them, or to a group that they are in');
        if (resource === 'GROUP' && scope.part && before === null && (await letsThemselvesIn(after, who, look)))
          return deny('they made a role that this group has: somebody else must let them in');
      }
      // Who saves a flow writes it: what comes up switched on in it, they enable themselves.
      const comingUp = resource === 'FLOW' ? after['enables'] : undefined;
      if (chosen.includes('triggers') && Array.isArray(comingUp) && comingUp.length > 0)
        return deny(`they would enable ${comingUp.join(', ')} of a flow that they write: save it with disabled: true`);
      const enables = resource === 'TRIGGER' && before?.['disabled'] === true && after['disabled'] === false;
      if (enables && chosen.includes('triggers') && (await wroteTheFlow(after, who, look)))
        return deny('they wrote the flow of this trigger: somebody else must enable it');
      return abstain();
    },
  }),
});
