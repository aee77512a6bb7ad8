import { decodeGlobalID, encodeGlobalID } from '@pothos/plugin-relay';
import type { Permission, ResourceName } from '../access/catalog.ts';
import type { Row } from '../access/grant.ts';
import { isInstanceWide, resourceDefinition, tenantColumn } from '../access/resource.ts';
import { badInput } from '../errors.ts';
import { builder } from './builder.ts';
import { nothing, rows } from './connection/reach.ts';
import type { Context } from './context.ts';

/** How `node(id:)` finds a type. Registered by each resource. */
export interface NodeType {
  readonly typename: string;
  readonly resource: ResourceName;
  /** For types that are read with another resource's permission: the row to decide about. */
  readonly find?: (context: Context, id: string) => Promise<Row | null>;
  /** True for the principal's own row: payloads of their mutations return it without the read permission. */
  readonly isOwn?: (row: Row, principalId: string) => boolean;
  /** Fields derived from another one: a caller who sent the text in `by` knows them all. */
  readonly declared?: { readonly by: string; readonly fields: readonly string[] };
}
const types = new Map<string, NodeType>();

export function registerNode(type: NodeType): void {
  types.set(type.typename, type);
}
export const nodeTypes = (): readonly NodeType[] => [...types.values()];

export const globalId = (typename: string, id: string): string => encodeGlobalID(typename, id);

/** @throws BAD_INPUT if the text is not an ID of one of these types. */
export function decodeId(
  id: string,
  typenames: readonly string[],
  path: readonly (string | number)[] = ['id'],
): { typename: string; id: string } {
  let decoded: { typename: string; id: string };
  try {
    decoded = decodeGlobalID(id);
  } catch {
    throw badInput(path, 'Invalid ID.');
  }
  if (!typenames.includes(decoded.typename) || decoded.id.length > 200 || decoded.id.includes('\0')) {
    throw badInput(path, `Invalid ID: expected the ID of a ${typenames.join(' or ')}.`);
  }
  return decoded;
}

/** The object, or null if it does not exist or the viewer cannot read it. */
async function find(context: Context, globalId: string): Promise<unknown> {
  const { typename, id } = decodeId(globalId, [...types.keys()]);
  const type = types.get(typename)!;
  const read = await readRow(context, type, id);
  return read && { ...read, __typename: typename };
}

/** First only the tenant of the stored row, then the decision, then the row within reach. */
export async function readRow(context: Context, { resource, find: own }: NodeType, id: string): Promise<Row | null> {
  if (own) return own(context, id);
  const model = resourceDefinition(resource)!.model!;
  const column = isInstanceWide(resource) ? 'id' : tenantColumn(resource);
  const place = await rows(context).first(model, { id }, [column]);
  // An unknown ID is decided as well, so that it takes as long as an ID of another tenant.
  const stored = place ? ((place[column] as string | null | undefined) ?? undefined) : '';
  const tenantId = isInstanceWide(resource) ? undefined : stored;
  const grant = context.session.may(`${resource}:READ` as Permission, { tenantId });
  const row = await rows(context).first(model, { AND: [{ id }, grant?.where ?? nothing] });
  return grant ? (row ?? null) : null;
}

const nodeInterface = builder.nodeInterfaceRef();

builder.queryField('node', (t) =>
  t.field({
    type: nodeInterface,
    nullable: true,
    description: 'An object by its ID; null if it does not exist or the viewer cannot read it.',
    access: 'signed-in',
    args: { id: t.arg.id({ required: true, description: 'Global ID of the object.' }) },
    resolve: (_root, { id }, context) => find(context, String(id)) as never,
  }),
);

builder.queryField('nodes', (t) =>
  t.field({
    type: [nodeInterface],
    nullable: { list: false, items: true },
    description: 'Objects by their IDs, in the same order.',
    access: 'signed-in',
    args: { ids: t.arg.idList({ required: true, description: 'Global IDs, at most one page.' }) },
    resolve: (_root, { ids }, context) => {
      if (ids.length > context.limits.pageSize)
        throw badInput(['ids'], `At most ${context.limits.pageSize} IDs are allowed.`);
      return Promise.all(ids.map((id) => find(context, String(id)))) as never;
    },
  }),
);
