import { type Detail, detailOf, detailRule, maxDetails } from '../../../audit/detail.ts';
import { badInput } from '../../../errors.ts';
import type { Condition } from '../../../graphql/connection/connection-type.ts';
import { nothing } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { isShown } from '../../../graphql/personal.ts';
import { escapeLike } from '../../../lib/text.ts';

/** Events of a flow, its triggers and its executions. Their keys begin with namespace and flow. */
export function ofFlow(flowId: string, namespace: string | null | undefined): Condition {
  if (namespace == null)
    throw badInput(['where', 'flowId'], 'A flow ID is unique only in its namespace. Set namespaceName too.');
  if (flowId.includes('/')) throw badInput(['where', 'flowId'], 'A flow ID cannot contain a slash.');
  const key = `${namespace}/${flowId}`;
  const parts = { resource: { in: ['TRIGGER', 'EXECUTION'] }, resourceKey: { startsWith: `${escapeLike(key)}/` } };
  return { OR: [{ resource: 'FLOW', resourceKey: key }, parts] };
}

export function ofExecution(executionId: string, context: Context): Condition {
  // A masked text cannot be found, because that would reveal it.
  if (!isShown(context, executionId)) return nothing;
  return {
    OR: [
      { resource: 'EXECUTION', resourceKey: { endsWith: `/${escapeLike(executionId)}` } },
      { details: { path: ['executionId'], equals: executionId } },
    ],
  };
}

/** @throws BAD_INPUT */
export function detailsIn(texts: readonly string[]): Detail[] {
  if (texts.length > maxDetails) throw badInput(['where', 'details'], `At most ${maxDetails} details are allowed.`);
  return texts.map((text, i) => {
    const detail = detailOf(text);
    if (!detail) throw badInput(['where', 'details', i], detailRule);
    return detail;
  });
}

export function withDetail({ path, value }: Detail, context: Context): Condition {
  if (!isShown(context, value)) return nothing;
  const values: unknown[] = [value];
  if (value === 'true' || value === 'false') values.push(value === 'true');
  else if (/^-?\d{1,15}(\.\d{1,10})?$/.test(value)) values.push(Number(value));
  return { OR: values.map((equals) => ({ details: { path: [...path], equals } })) };
}
