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
  /** Resolves scope and row. Runs for every authenticated caller, so it only looks up IDs and keys. */
  readonly target: (input: InputShapeFromFields<Fields>, context: Context) => Promise<T>;
  /** Alternative permissions. `choose` then selects one. */
  readonly alternatives?: readonly P[];
  /** Rules beyond GraphQL types. Only the fields named here are checked. */
  readonly rules?: z.ZodType;
  /**
   * Slow work: parsing, hashing. Runs after the first decision, and before a transaction or lock. Its result is added
   * to the input.
   */
  readonly prepare?: (input: InputShapeFromFields<Fields>, target: T, context: Context) => Promise<Ready>;
  readonly choose?: (input: InputShapeFromFields<Fields> & Ready, target: T, context: Context) => Promise<P>;
  readonly run: (
    tx: Tx,
    grant: Grant<P>,
    input: InputShapeFromFields<Fields> & Ready,
    target: T,
    context: Context,
    /** Collects refusals of single items, recorded after the commit. */
    refusals: GatehouseError[],
  ) => Promise<Result>;
  readonly payload: (t: PayloadBuilder<Result>) => Record<string, unknown>;
  /** True if it changes access (default: from its resource). Adds `dryRun`. */
  readonly feedsAccess?: boolean;
  /** Reported by machines many times a minute: no audit events, sampled decisions, counted refusals. */
  readonly telemetry?: true;
  readonly timeoutMs?: (context: Context) => number;
}

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
