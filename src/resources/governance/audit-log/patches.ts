import { type Permission, type ResourceName, resourceNames } from '../../../access/catalog.ts';
import type { Row } from '../../../access/grant.ts';
import type { Where } from '../../../access/where.ts';
import type { Context } from '../../../graphql/context.ts';
import { askViewer } from '../../../graphql/streams/shared-viewing.ts';
import { remember } from '../../../lib/remember.ts';
import { matcherOf } from '../../../policy/filter/matcher.ts';

/** The columns of an event that a filter on its resource can be read over, by the resource's own names. */
const columns: Readonly<Record<string, string>> = { id: 'resourceId', tenantId: 'tenantId', namespace: 'namespace' };

/** The filter in terms of events; undefined where it speaks of what events do not hold (then nothing is shown). */
function overEvents(where: Where): Where | undefined {
  const entries: [string, unknown][] = [];
  for (const [key, value] of Object.entries(where)) {
    if (key === 'AND' || key === 'OR') {
      const parts = (value as Where[]).map(overEvents);
      if (key === 'OR') {
        const readable = parts.filter((part) => part !== undefined);
        if (readable.length === 0) return undefined;
        entries.push([key, readable]);
      } else {
        if (parts.includes(undefined)) return undefined;
        entries.push([key, parts]);
      }
    } else {
      const column = columns[key];
      if (column === undefined || value === null) return undefined;
      entries.push([column, value]);
    }
  }
  return Object.fromEntries(entries) as Where;
}

/** What a tenant column is called on the events of a tenant-less resource: the instance's chain is ''. */
const inChain = (tenantId: string): Where => ({ tenantId });

/**
 * The events of a chain whose patches the viewer may see: those of objects that they may read themselves. AUDITLOG READ
 * alone shows that something changed, and not what a flow, a variable or a label holds.
 */
export function patchReach({ session }: Context, tenantId: string): Where[] {
  const scope = { tenantId: tenantId === '' ? undefined : tenantId };
  const reach: Where[] = [];
  const add = (where: Where | undefined, resource: ResourceName) => {
    const over = where === undefined || Object.keys(where).length === 0 ? {} : overEvents(where);
    if (over) reach.push({ AND: [inChain(tenantId), { resource }, ...(Object.keys(over).length > 0 ? [over] : [])] });
  };
  for (const resource of resourceNames) {
    const permission = `${resource}:READ` as Permission;
    if (resource === 'AUDITLOG' || resource === 'IMPERSONATE') continue;
    const { outcome } = session.decide(permission, scope);
    if (outcome.effect === 'allow') add(outcome.where, resource);
  }
  return reach;
}

const memo = new WeakMap<object, Map<string, Where[]>>();

/** May the viewer see what this event changed? The same filter that a search over patches uses. */
export const maySeePatch = (context: Context, event: Row & { tenantId: string }): boolean =>
  askViewer(context, (viewer) => isWithinReach(viewer, event)) === true;

function isWithinReach(context: Context, event: Row & { tenantId: string }): boolean {
  // One reach per decision: when the session decides anew, so does this.
  const decision = context.session.decide('AUDITLOG:READ', {
    tenantId: event.tenantId === '' ? undefined : event.tenantId,
  });
  const known = remember(memo, decision, () => new Map<string, Where[]>());
  const reach = remember(known, event.tenantId, () => patchReach(context, event.tenantId));
  return reach.some((where) => matcherOf(where)(event));
}
