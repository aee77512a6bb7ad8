import type { InputFieldMap, InputShapeFromFields, ObjectRef } from '@pothos/core';
import type { GraphQLResolveInfo } from 'graphql';
import { type Permission, split } from '../../access/catalog.ts';
import { resourceDefinition } from '../../access/resource.ts';
import { upperFirst } from '../../lib/text.ts';
import { builder } from '../builder.ts';
import type { SchemaTypes } from '../connection/connection-type.ts';
import type { Context } from '../context.ts';
import { planFields } from './dry-run.ts';
import { type AnySpec, perform } from './pipeline.ts';
import type { InputBuilder, MutationSpec, Outcome, PayloadBuilder } from './spec.ts';
import type { Target } from './target.ts';

/** A payload field with the object that the mutation returns. */
export const changed = <Node>(t: object, type: ObjectRef<SchemaTypes, Node>, description: string) =>
  (t as PayloadBuilder<Node>).field({
    type: type as never,
    nullable: true,
    description,
    resolve: (({ result }: Outcome<Node>) => result) as never,
  });

/** Defines a mutation: one `input`, one transaction that includes its events, recorded refusals, a payload. */
export function mutation<
  P extends Permission,
  Fields extends InputFieldMap,
  Result,
  T extends Target,
  Ready extends object = object,
>(name: string, spec: MutationSpec<P, Fields, Result, Ready, T>): void {
  const [resource] = split(spec.permission);
  const feedsAccess = spec.feedsAccess ?? resourceDefinition(resource)?.feedsAccess ?? true;
  const Input = builder.inputType(`${upperFirst(name)}Input`, {
    description: `Input of ${name}.`,
    fields: (t) => ({
      ...spec.input(t as InputBuilder),
      reason: t.string({ description: 'Reason for the audit event (at most 1,000 characters).' }),
      ...(!spec.telemetry && {
        idempotencyKey: t.string({
          description: 'Key that makes retries safe: within 24 hours, requests with the same key take effect once.',
        }),
      }),
      ...(feedsAccess && {
        dryRun: t.boolean({
          defaultValue: false,
          description: 'Perform the mutation, return the changes, and roll back.',
        }),
      }),
    }),
  });
  const Payload = builder.objectRef<Outcome<Result>>(`${upperFirst(name)}Payload`).implement({
    description: `Payload of ${name}.`,
    fields: (t) =>
      ({
        ...spec.payload(t as PayloadBuilder<Result>),
        ...(feedsAccess && planFields(t as PayloadBuilder<Result>)),
      }) as never,
  });
  builder.mutationField(name, (t) =>
    t.field({
      type: Payload as ObjectRef<SchemaTypes, Outcome<Result>>,
      description: spec.description,
      access: { decides: spec.permission },
      args: { input: t.arg({ type: Input as never, required: true, description: 'The input.' }) },
      resolve: (async (
        _root: unknown,
        { input }: { input: InputShapeFromFields<Fields> },
        context: Context,
        info: GraphQLResolveInfo,
      ) => perform({ name, spec: spec as unknown as AnySpec, feedsAccess, given: input, context, info })) as never,
    }),
  );
}
