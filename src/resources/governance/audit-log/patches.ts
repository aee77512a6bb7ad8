import { type Permission, type ResourceName, resourceNames } from '../../../access/catalog.ts';
import type { Row } from '../../../access/grant.ts';
import { readResource } from '../../../access/resource.ts';
import type { Where } from '../../../access/where.ts';
import type { Context } from '../../../graphql/context.ts';
import { askViewer } from '../../../graphql/streams/shared-viewing.ts';
import { remember } from '../../../lib/remember.ts';
import { matcherOf } from '../../../policy/filter/matcher.ts';

/** Event columns for the columns in a resource's filter. */
const columns: Readonly<Record<string, string>> = { id: 'resourceId', tenantId: 'tenantId', namespace: 'namespace' };

/** The filter in terms of events; undefined if it uses columns that events do not have (then no patch is shown). */
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

/** The tenant column of instance-level resources on events: '' for the instance's chain. */
const inChain = (tenantId: string): Where => ({ tenantId });

/**
 * The events of a chain with patches that the viewer can see: those of objects that the viewer can read. AUDITLOG READ
 * alone shows the change but not the content of a flow, a variable or a label.
 */
export function patchReach({ session }: Context, tenantId: string): Where[] {
  const scope = { tenantId: tenantId === '' ? undefined : tenantId };
  const reach: Where[] = [];
  const add = (where: Where | undefined, resource: ResourceName) => {
    const over = where === undefined || Object.keys(where).length === 0 ? {} : overEvents(where);
    if (over) reach.push({ AND: [inChain(tenantId), { resource }, ...(Object.keys(over).length > 0 ? [over] : [])] });
  };
  for (const resource of resourceNames) {
    const permission = `${readResource(resource)}:READ` as Permission;
    if (resource === 'AUDITLOG' || resource === 'IMPERSONATE') continue;
    const { outcome } = session.decide(permission, scope);
    if (outcome.effect === 'allow') add(outcome.where, resource);
  }
  return reach;
}

const memo = new WeakMap<object, Map<string, Where[]>>();

/** True if the viewer can see the changes of this event. A search over patches uses the same filter. */
export const maySeePatch = (context: Context, event: Row & { tenantId: string }): boolean =>
  askViewer(context, (viewer) => isWithinReach(viewer, event)) === true;

function isWithinReach(context: Context, event: Row & { tenantId: string }): boolean {
  // Cached per decision: a new decision of the session refreshes it.
  const decision = context.session.decide('AUDITLOG:READ', {
    tenantId: event.tenantId === '' ? undefined : event.tenantId,
  });
  const known = remember(memo, decision, () => new Map<string, Where[]>());
  const reach = remember(known, event.tenantId, () => patchReach(context, event.tenantId));
  return reach.some((where) => matcherOf(where)(event));
}
