import type { Flow, FlowRevision } from '../../../db/generated/client.ts';
import { notFound } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { connection } from '../../../graphql/connection/connection.ts';
import { connectionType } from '../../../graphql/connection/connection-type.ts';
import { everyRow } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { shownName, shownText } from '../../../graphql/personal.ts';
import { unifiedDiff } from '../../../lib/text-diff.ts';

const RevisionRef = builder.prismaObject('FlowRevision', {
  description: 'A saved revision of a flow.',
  fields: (t) => ({
    revision: t.exposeInt('revision', { description: 'Number of the revision, from 1.' }),
    source: t.exposeString('source', { description: 'YAML source, byte for byte.' }),
    authorName: t.string({
      description: 'Name of the user who saved it, at that time.',
      resolve: ({ authorKind, authorId, authorName }, _args, context) =>
        authorKind === 'USER' ? shownName(context, authorId, authorName) : authorName,
    }),
    reason: t.string({
      nullable: true,
      description: 'Reason given for the change.',
      resolve: ({ reason }, _args, context) => (reason === null ? null : shownText(context, reason)),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was saved.' }),
  }),
});
const RevisionConnection = connectionType('FlowRevision', RevisionRef);

const named = ({ tenantId, namespace, flowId }: Flow) => ({ tenantId, namespace, flowId });

/** The source of a revision of a flow that the viewer can read. */
async function sourceOf({ db }: Context, flow: Flow, revision: number): Promise<string> {
  if (revision === flow.revision) return flow.source;
  const row = await db.flowRevision.findFirst({ where: { ...named(flow), revision }, select: { source: true } });
  if (!row) throw notFound(`Revision ${revision}`);
  return row.source;
}

builder.prismaObjectFields('Flow', (t) => ({
  revisions: connection(t, {
    connection: RevisionConnection,
    description: 'Revisions, newest first. Readable with the flow.',
    permission: 'FLOW:READ',
    scopes: ({ tenantId }: Flow) => ({ tenantId }),
    model: 'FlowRevision',
    within: named,
    // The revisions are part of the granted flow.
    reach: () => everyRow,
    defaultOrder: { column: 'revision', descending: true },
  }),
  revisionAt: t.field({
    type: RevisionRef,
    nullable: true,
    description: 'A revision by its number.',
    args: { revision: t.arg.int({ required: true, description: 'Number of the revision.' }) },
    resolve: (flow: Flow, { revision }, { db }) =>
      db.flowRevision.findFirst({ where: { ...named(flow), revision } }) as Promise<FlowRevision | null>,
  }),
  difference: t.string({
    nullable: true,
    description: 'Difference between two revisions, as a unified diff; null if it takes too long to compute.',
    args: {
      from: t.arg.int({ required: true, description: 'Number of the earlier revision.' }),
      to: t.arg.int({ description: 'Number of the later revision. Defaults to the latest.' }),
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
