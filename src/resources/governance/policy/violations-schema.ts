import { within } from '../../../access/where.ts';
import type { Flow, Tenant } from '../../../db/generated/client.ts';
import { badInput } from '../../../errors.ts';
import { builder } from '../../../graphql/builder.ts';
import { type Condition, refOf } from '../../../graphql/connection/connection-type.ts';
import { decodeCursor, encodeCursor } from '../../../graphql/connection/cursor.ts';
import { rows } from '../../../graphql/connection/reach.ts';
import type { Context } from '../../../graphql/context.ts';
import { Engine } from '../../../policy/decide/engine.ts';
import { withProposed } from './propose.ts';
import { type Violation, violationsOf } from './violations.ts';

const ViolationRef = builder.objectRef<Violation>('FlowViolation').implement({
  description: 'A flow that a policy would refuse to save.',
  fields: (t) => ({
    flow: t.field({ type: refOf('Flow'), description: 'The flow.', resolve: ({ flow }) => flow }),
    policy: t.exposeString('policy', { description: 'Name of the policy.' }),
    reason: t.exposeString('reason', { description: 'What it would refuse.' }),
    shadow: t.exposeBoolean('shadow', { description: 'True if the policy is in shadow mode and refuses nothing yet.' }),
  }),
});

interface Checked {
  readonly violations: readonly Violation[];
  readonly checked: readonly Flow[];
  readonly hasNextPage: boolean;
  readonly hasPreviousPage: boolean;
}
const cursorOf = (flow: Flow | undefined): string | null => (flow ? encodeCursor('id', flow.id, flow.id) : null);
const CheckedRef = builder.objectRef<Checked>('FlowViolations').implement({
  description: 'The violations among a page of flows.',
  fields: (t) => ({
    violations: t.field({
      type: [ViolationRef],
      description: 'The violations among the checked flows.',
      resolve: ({ violations }) => [...violations],
    }),
    checkedCount: t.int({
      description: 'Number of checked flows of this page.',
      resolve: ({ checked }) => checked.length,
    }),
    pageInfo: t.field({
      type: builder.pageInfoRef(),
      description: 'Position of the checked flows.',
      resolve: ({ checked, hasNextPage, hasPreviousPage }) => ({
        hasNextPage,
        hasPreviousPage,
        startCursor: cursorOf(checked[0]),
        endCursor: cursorOf(checked.at(-1)),
      }),
    }),
  }),
});

interface Args {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
  readonly under?: string | null | undefined;
  readonly policies?: unknown;
}

async function check(context: Context, tenantId: string, { first, after, under, policies }: Args): Promise<Checked> {
  const size = first ?? 20;
  const { pageSize } = context.limits;
  if (size < 1 || size > pageSize) throw badInput(['first'], `A page can have 1 to ${pageSize} flows.`);
  // Before the proposed policies are loaded.
  if (policies != null) context.session.grant('POLICY:UPDATE');
  const { where } = context.session.grant('FLOW:READ', { tenantId });
  const key = { type: 'String', nullable: false } as const;
  const found = (await rows(context).find({
    model: 'Flow',
    where: {
      AND: [
        { tenantId },
        where as Condition,
        under != null ? within(under) : {},
        after != null ? { id: { gt: decodeCursor(after, 'id', key, 'after').id } } : {},
      ],
    },
    order: [['id', 'asc']],
    take: size + 1,
  })) as Flow[];
  const checked = found.slice(0, size);
  const by = (engine: Engine) => violationsOf(context, engine, checked);
  const { engine } = context;
  const violations =
    policies == null
      ? await by(engine)
      : await withProposed(context, { policies }, (proposed) =>
          by(new Engine(proposed.set, proposed.fingerprint, engine.reviewMs)),
        );
  return { violations, checked, hasNextPage: found.length > size, hasPreviousPage: after != null };
}

builder.prismaObjectField('Tenant', 'flowViolations', (t) =>
  t.field({
    type: CheckedRef,
    nullable: true,
    description:
      'Flows that the policies in force, or proposed ones, would refuse to save, among a page of the flows that the viewer can read. Only policies that judge a flow by its content are asked.',
    access: { decides: 'FLOW:READ' },
    args: {
      first: t.arg.int({
        description: "Number of flows to check (default 20, at most 100, or the gateway's `limits.pageSize`).",
      }),
      after: t.arg.string({ description: 'Only flows after this cursor.' }),
      under: t.arg.string({ description: 'Only flows in this namespace and below.' }),
      policies: t.arg({
        type: 'JSON',
        description: 'Proposed settings by policy name, as in setPolicyConfiguration. Requires POLICY:UPDATE.',
      }),
    },
    resolve: ({ id }: Tenant, args, context) => check(context, id, args),
  }),
);
