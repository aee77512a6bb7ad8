import type { InputFieldMap, InputShapeFromFields, ObjectRef } from '@pothos/core';
import type { GraphQLResolveInfo } from 'graphql';
import type { z } from 'zod';
import { type Permission, split } from '../../access/catalog.ts';
import type { Grant } from '../../access/grant.ts';
import { resourceDefinition } from '../../access/resource.ts';
import type { Tx } from '../../db/transaction.ts';
import type { GatehouseError } from '../../errors.ts';
import { upperFirst } from '../../lib/text.ts';
import { builder } from '../builder.ts';
import type { SchemaTypes } from '../connection/connection-type.ts';
import type { Context } from '../context.ts';
import { type Plan, planFields } from './dry-run.ts';
import { type AnySpec, perform } from './pipeline.ts';
import type { Target } from './target.ts';

export type InputBuilder = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;
export type PayloadBuilder<Result> = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Outcome<Result>>;

export interface Outcome<Result> extends Plan {
  readonly result: Result;
}

export interface MutationSpec<
  P extends Permission,
  Fields extends InputFieldMap,
  Result,
  Ready extends object,
  T extends Target,
> {
  readonly description: string;
  readonly permission: P;
  readonly input: (t: InputBuilder) => Fields;
  /** Where and on what. Runs for everyone who signed in, so it looks up ids and keys and nothing else. */
  readonly target: (input: InputShapeFromFields<Fields>, context: Context) => Promise<T>;
  /** Other permissions that open the mutation. `choose` then says which one it takes. */
  readonly alternatives?: readonly P[];
  /** Rules that GraphQL's types cannot say. Only the fields named here are checked. */
  readonly rules?: z.ZodType;
  /**
   * Work that takes time: parsing, hashing. It runs once the caller is known to be allowed, and before a transaction
   * or a lock is held. Its result is added to the input.
   */
  readonly prepare?: (input: InputShapeFromFields<Fields>, target: T, context: Context) => Promise<Ready>;
  readonly choose?: (input: InputShapeFromFields<Fields> & Ready, target: T, context: Context) => Promise<P>;
  readonly run: (
    tx: Tx,
    grant: Grant<P>,
    input: InputShapeFromFields<Fields> & Ready,
    target: T,
    context: Context,
    /** Takes the refusals of single items, to be put on record after the commit. */
    refusals: GatehouseError[],
  ) => Promise<Result>;
  readonly payload: (t: PayloadBuilder<Result>) => Record<string, unknown>;
  /** Does it change who may do what? Default: as its resource says. Then it takes `dryRun`. */
  readonly feedsAccess?: boolean;
  /** Reported by machines many times a minute: no audit events, a sample of its decisions, its refusals counted. */
  readonly telemetry?: true;
  readonly timeoutMs?: (context: Context) => number;
}

/** A payload's field with the object that the mutation answers. */
export const changed = <Node>(t: object, type: ObjectRef<SchemaTypes, Node>, description: string) =>
  (t as PayloadBuilder<Node>).field({
    type: type as never,
    nullable: true,
    description,
    resolve: (({ result }: Outcome<Node>) => result) as never,
  });

/** Defines a mutation: one `input`, one transaction, its events in it, a refusal on record, a payload. */
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
    description: `What ${name} takes.`,
    fields: (t) => ({
      ...spec.input(t as InputBuilder),
      reason: t.string({ description: 'Why, for the audit event (at most 1,000 characters).' }),
      ...(!spec.telemetry && {
        idempotencyKey: t.string({ description: 'Done once in 24 hours under one key, however often it is sent.' }),
      }),
      ...(feedsAccess && {
        dryRun: t.boolean({ defaultValue: false, description: 'Do everything, answer with the changes, and undo it.' }),
      }),
    }),
  });
  const Payload = builder.objectRef<Outcome<Result>>(`${upperFirst(name)}Payload`).implement({
    description: `What ${name} answers.`,
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
