import type { Flow, FlowRevision } from '../../../db/generated/client.ts';
import { notFound } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType } from '../../../graphql/connection/connection-type.ts';
import type { Context } from '../../../graphql/context.ts';
import { shownName, shownText } from '../../../graphql/personal.ts';
import { unifiedDiff } from '../../../lib/text-diff.ts';

const RevisionRef = builder.prismaObject('FlowRevision', {
  description: 'A flow as it was saved once.',
  fields: (t) => ({
    revision: t.exposeInt('revision', { description: 'Its number, from 1 on.' }),
    source: t.exposeString('source', { description: 'The YAML, byte for byte.' }),
    authorName: t.string({
      description: 'Who saved it, by the name of that time.',
      resolve: ({ authorKind, authorId, authorName }, _args, context) =>
        authorKind === 'USER' ? shownName(context, authorId, authorName) : authorName,
    }),
    reason: t.string({
      nullable: true,
      description: 'Why, as they said.',
      resolve: ({ reason }, _args, context) => (reason === null ? null : shownText(context, reason)),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When.' }),
  }),
});
const RevisionConnection = connectionType('FlowRevision', RevisionRef);

const named = ({ tenantId, namespace, flowId }: Flow) => ({ tenantId, namespace, flowId });

/** The source of a revision of a flow that the viewer may read. */
async function sourceOf({ db }: Context, flow: Flow, revision: number): Promise<string> {
  if (revision === flow.revision) return flow.source;
  const row = await db.flowRevision.findFirst({ where: { ...named(flow), revision }, select: { source: true } });
  if (!row) throw notFound(`Revision ${revision}`);
  return row.source;
}

builder.prismaObjectFields('Flow', (t) => ({
  revisions: connection(t, {
    connection: RevisionConnection,
    description: 'All its revisions, the newest first. They are read with the flow.',
    permission: 'FLOW:READ',
    scopes: ({ tenantId }: Flow) => ({ tenantId }),
    model: 'flowRevision',
    within: named,
    // The flow itself was granted, and its revisions belong to it.
    reach: () => ({}),
    defaultOrder: { column: 'revision', descending: true },
  }),
  revisionAt: t.field({
    type: RevisionRef,
    nullable: true,
    description: 'One revision by its number.',
    args: { revision: t.arg.int({ required: true, description: 'Its number.' }) },
    resolve: (flow: Flow, { revision }, { db }) =>
      db.flowRevision.findFirst({ where: { ...named(flow), revision } }) as Promise<FlowRevision | null>,
  }),
  difference: t.string({
    nullable: true,
    description: 'What differs between two revisions, as a unified diff; null where that takes too long.',
    args: {
      from: t.arg.int({ required: true, description: 'Number of the earlier one.' }),
      to: t.arg.int({ description: 'Number of the later one. Default: the latest.' }),
    },
    resolve: async (flow: Flow, { from, to }, context) => {
      const other = to ?? flow.revision;
      const name = (revision: number) => `${flow.flowId} (revision ${revision})`;
      const text = async (revision: number) => ({
        name: name(revision),
        text: await sourceOf(context, flow, revision),
      });
      return unifiedDiff(context.session.accountId, await text(from), await text(other));
    },
  }),
}));
