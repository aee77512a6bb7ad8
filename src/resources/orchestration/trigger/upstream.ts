import { flowNamed } from '../flow/tasks.ts';

type Parts = Readonly<Record<string, unknown>>;
interface Named {
  readonly namespace: string;
  readonly flowId: string;
}

const isMap = (value: unknown): value is Parts => typeof value === 'object' && value !== null && !Array.isArray(value);
/** The maps in a list, or in a map by name. */
const maps = (value: unknown): Parts[] =>
  (Array.isArray(value) ? value : isMap(value) ? Object.values(value) : []).filter(isMap);

/** All conditions, including nested ones. A negated condition names no upstream flow. */
const flattened = (conditions: unknown): Parts[] =>
  maps(conditions).flatMap((one) =>
    String(one['type']).endsWith('.NotCondition') || String(one['type']).endsWith('.Not')
      ? []
      : [one, ...flattened(one['conditions'])],
  );

/** The values that a filter of `where` accepts for a field; undefined if not restricted. */
function valuesOf(filters: readonly Parts[], field: string): unknown[] | undefined {
  const own = filters.filter((one) => one['field'] === field);
  const named = own.flatMap(({ type, value, values }) => {
    if (type === 'EQUAL_TO') return [value];
    return type === 'IN' && Array.isArray(values) ? values : [];
  });
  return own.length === 0 ? undefined : named;
}

/** The flows that one item of `preconditions.where` names. */
function filtered({ filters, conditions }: Parts, own: string): Named[] {
  const all = maps(filters ?? conditions);
  const flowIds = valuesOf(all, 'FLOW_ID') ?? [];
  const namespaces = valuesOf(all, 'NAMESPACE') ?? [undefined];
  return flowIds.flatMap((flowId) => namespaces.flatMap((namespace) => flowNamed(namespace, flowId, own) ?? []));
}

/** The flows that a flow trigger names explicitly, in preconditions or conditions. */
export function upstreamOf({ preconditions, conditions }: Parts, own: string): Named[] {
  const { flows, where } = (isMap(preconditions) ? preconditions : {}) as Parts;
  const named = [...maps(flows), ...flattened(conditions)].flatMap(({ namespace, flowId }) =>
    flowId === undefined ? [] : (flowNamed(namespace, flowId, own) ?? []),
  );
  const all = [...named, ...maps(where).flatMap((part) => filtered(part, own))];
  return [...new Map(all.map((one) => [`${one.namespace}/${one.flowId}`, one])).values()];
}
