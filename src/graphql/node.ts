import { decodeGlobalID, encodeGlobalID } from '@pothos/plugin-relay';
import type { Permission, ResourceName } from '../access/catalog.ts';
import type { Row } from '../access/grant.ts';
import { isInstanceWide, resourceDefinition, tenantColumn } from '../access/resource.ts';
import { badInput } from '../errors.ts';
import { lowerFirst } from '../lib/text.ts';
import { builder } from './builder.ts';
import { delegate } from './connection/connection.ts';
import type { Context } from './context.ts';

/** How `node(id:)` finds a type again. Registered by each resource. */
export interface NodeType {
  readonly typename: string;
  readonly resource: ResourceName;
  /** For types whose rows are read with another resource's permission: the row that is decided about. */
  readonly find?: (context: Context, id: string) => Promise<Row | null>;
  /** Is the row the principal's own? Then the payloads of their mutations show it without the permission to read it. */
  readonly isOwn?: (row: Row, principalId: string) => boolean;
  /** Fields that follow from another one: who sent the text in `by` knows them all. */
  readonly declared?: { readonly by: string; readonly fields: readonly string[] };
}
const types = new Map<string, NodeType>();

export function registerNode(type: NodeType): void {
  types.set(type.typename, type);
}
export const nodeTypes = (): readonly NodeType[] => [...types.values()];

export const globalId = (typename: string, id: string): string => encodeGlobalID(typename, id);

/** @throws BAD_INPUT where the text is no id of one of these types. */
export function decodeId(
  id: string,
  typenames: readonly string[],
  path: readonly (string | number)[] = ['id'],
): { typename: string; id: string } {
  let decoded: { typename: string; id: string };
  try {
    decoded = decodeGlobalID(id);
  } catch {
    throw badInput(path, 'This is no id.');
  }
  if (!typenames.includes(decoded.typename) || decoded.id.length > 200 || decoded.id.includes('\0')) {
    throw badInput(path, `This is no id of a ${typenames.join(' or ')}.`);
  }
  return decoded;
}

/** The object, if there is one and the viewer may read it; else null, whichever of the two it is. */
async function find(context: Context, globalId: string): Promise<unknown> {
  const { typename, id } = decodeId(globalId, [...types.keys()]);
  const type = types.get(typename)!;
  const read = await readRow(context, type, id);
  return read && { ...read, __typename: typename };
}

/** First the tenant of the stored row and nothing else, then the decision, then the row within reach. */
export async function readRow(context: Context, { resource, find: own }: NodeType, id: string): Promise<Row | null> {
  if (own) return own(context, id);
  const model = delegate(context, lowerFirst(resourceDefinition(resource)!.model!));
  const column = isInstanceWide(resource) ? 'id' : tenantColumn(resource);
  const [place] = await model.findMany({ where: { id }, select: { [column]: true }, take: 1 });
  // An unknown id is decided about as well, so that it takes the time of a foreign one.
  const stored = place ? ((place[column] as string | null | undefined) ?? undefined) : '';
  const tenantId = isInstanceWide(resource) ? undefined : stored;
  const grant = context.session.may(`${resource}:READ` as Permission, { tenantId });
  const [row] = await model.findMany({ where: { AND: [{ id }, grant?.where ?? { id: { in: [] } }] }, take: 1 });
  return grant ? (row ?? null) : null;
}

const nodeInterface = builder.nodeInterfaceRef();

builder.queryField('node', (t) =>
  t.field({
    type: nodeInterface,
    nullable: true,
    description: 'Any object by its id; null where there is none that the viewer may read.',
    access: 'signed-in',
    args: { id: t.arg.id({ required: true, description: 'An id that another answer gave.' }) },
    resolve: (_root, { id }, context) => find(context, String(id)) as never,
  }),
);

builder.queryField('nodes', (t) =>
  t.field({
    type: [nodeInterface],
    nullable: { list: false, items: true },
    description: 'Several objects by their ids, in the same order.',
    access: 'signed-in',
    args: { ids: t.arg.idList({ required: true, description: 'At most a page of ids.' }) },
    resolve: (_root, { ids }, context) => {
      if (ids.length > context.limits.pageSize)
        throw badInput(['ids'], `At most ${context.limits.pageSize} ids at once.`);
      return Promise.all(ids.map((id) => find(context, String(id)))) as never;
    },
  }),
);
