import type { InputFieldMap, InputShapeFromFields, ObjectRef } from '@pothos/core';
import { type GraphQLObjectType, type GraphQLResolveInfo, getNamedType } from 'graphql';
import type { z } from 'zod';
import type { Permission, ResourceName } from '../access/catalog.ts';
import { levelOf, split } from '../access/catalog.ts';
import type { Grant } from '../access/grant.ts';
import { isInstanceWide, resourceDefinition, tenantColumn } from '../access/resource.ts';
import type { Tx } from '../db/transaction.ts';
import { GatehouseError, notFound, unavailable } from '../errors.ts';
import { lowerFirst, upperFirst } from '../lib/text.ts';
import type { Scope } from '../policy/engine.ts';
import { refusalChain } from '../policy/refusal-chain.ts';
import { write } from '../policy/write.ts';
import { builder } from './builder.ts';
import { delegate } from './connection.ts';
import type { SchemaTypes } from './connection-type.ts';
import type { Context } from './context.ts';
import { noPlan, type Plan, planFields, planOf } from './dry-run.ts';
import { Busy, checkKey, KeyedRequest, Taken } from './idempotency.ts';
import { alike } from './items.ts';
import { type Common, check, common, inputOf, nameIn, omittedFrom } from './mutation-input.ts';
import { decodeId } from './node.ts';
import { noteInput } from './payload-rows.ts';
import { unreadable } from './refused-input.ts';
import type { Restored } from './replay.ts';
import { requiredTenant, unknown, visibleTenant } from './scopes.ts';

export type InputBuilder = PothosSchemaTypes.InputFieldBuilder<SchemaTypes, 'InputObject'>;
export type PayloadBuilder<Result> = PothosSchemaTypes.ObjectFieldBuilder<SchemaTypes, Outcome<Result>>;

export interface Outcome<Result> extends Plan {
  readonly result: Result;
}

/** Where a mutation is decided, and which stored row it is about. */
export interface Target {
  readonly scope: Scope;
  readonly tenant: { readonly id: string; readonly key: string } | null;
  /** Id of the stored row; absent for a creation. */
  readonly id?: string;
  /** What the row is of, where it is not what the permission is of. */
  readonly resource?: ResourceName;
  /** What this one takes, where the mutation makes and changes, and it is known only now which of the two. */
  readonly permission?: Permission;
}

export interface MutationSpec<P extends Permission, Fields extends InputFieldMap, Result, Ready extends object> {
  readonly description: string;
  readonly permission: P;
  readonly input: (t: InputBuilder) => Fields;
  /** Where and on what. Runs for everyone who signed in, so it looks up ids and keys and nothing else. */
  readonly target: (input: InputShapeFromFields<Fields>, context: Context) => Promise<Target>;
  /** Other permissions that open the mutation. `choose` then says which one it takes. */
  readonly alternatives?: readonly P[];
  /** Rules that GraphQL's types cannot say. Only the fields named here are checked. */
  readonly rules?: z.ZodType;
  /**
   * Work that takes time: parsing, hashing. It runs once the caller is known to be allowed, and before a transaction
   * or a lock is held. Its result is added to the input.
   */
  readonly prepare?: (input: InputShapeFromFields<Fields>, target: Target, context: Context) => Promise<Ready>;
  readonly choose?: (input: InputShapeFromFields<Fields> & Ready, target: Target, context: Context) => Promise<P>;
  readonly run: (
    tx: Tx,
    grant: Grant<P>,
    input: InputShapeFromFields<Fields> & Ready,
    target: Target,
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
export function mutation<P extends Permission, Fields extends InputFieldMap, Result, Ready extends object = object>(
  name: string,
  spec: MutationSpec<P, Fields, Result, Ready>,
): void {
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
      ) => perform(name, spec, feedsAccess, input, context, info)) as never,
    }),
  );
}

/** How often a request begins anew since another one with its idempotencyKey ran, and failed. */
const greatestAttempts = 5;

/** Is the caller allowed anything here? Asked before their input is looked at. @throws FORBIDDEN, POLICY_ERROR. */
function assertOpen({ session }: Context, permission: Permission, others: readonly Permission[], { scope }: Target) {
  if (!others.some((other) => session.may(other, scope))) session.grant(permission, scope);
}

async function perform<P extends Permission, Fields extends InputFieldMap, Result, Ready extends object>(
  name: string,
  spec: MutationSpec<P, Fields, Result, Ready>,
  feedsAccess: boolean,
  given: InputShapeFromFields<Fields>,
  context: Context,
  info: GraphQLResolveInfo,
): Promise<Outcome<Result> | Restored> {
  const { session, store, refusals: record } = context;
  const unread = unreadable(given);
  if (unread) throw unread;
  const { reason, dryRun, idempotencyKey } = given as Common;
  session.reason = reason ?? undefined;
  session.forget();
  noteInput(context, given, inputOf(info), split(spec.permission)[1] === 'CREATE' ? omittedFrom(given, info) : []);
  const timeoutMs = spec.timeoutMs?.(context);
  if (timeoutMs !== undefined) context.deadline?.extend(timeoutMs);
  let target: Target | undefined;
  let keyed: KeyedRequest | undefined;
  const again = async (): Promise<Restored | undefined> => {
    const first = await keyed?.find();
    target = first?.target ?? target;
    return first && keyed?.answer(first);
  };
  const refused = async (error: GatehouseError, count = 1) => {
    const [resource, action] = split(spec.permission);
    const isNowhere = target === undefined && !isInstanceWide(resource) && levelOf(resource, action) !== 'instance';
    const tenantId = refusalChain(session, target?.tenant?.id ?? error.tenantId, isNowhere);
    const isApart = await record.act({
      doer: session.doer,
      // What was really asked for: a mutation of many parts is refused by one of them.
      permission: (error.extensions['permission'] as Permission | undefined) ?? target?.permission ?? spec.permission,
      field: name,
      tenantId,
      resourceId: target?.id ?? '',
      ...(target?.id === undefined && { resourceKey: nameIn(given) }),
      error,
      count,
    });
    const { decisions, engine } = context;
    await (isApart ? decisions.refused(error, engine.fingerprint) : decisions.refusedRead(error, engine.fingerprint));
  };
  const act = async (): Promise<Outcome<Result>> => {
    target = await spec.target(given, context);
    assertOpen(context, target.permission ?? spec.permission, spec.alternatives ?? [], target);
    // As the rules leave it: without the blanks around a name.
    const checked = spec.rules ? (check(spec.rules, given) as typeof given) : given;
    const ready = await spec.prepare?.(checked, target, context);
    const input = { ...checked, ...ready } as typeof given & Ready;
    const chosen = await spec.choose?.(input, target, context);
    const place = chosen === undefined ? target : { ...target, permission: chosen };
    target = place;
    const permission = (place.permission ?? spec.permission) as P;
    const refusals: GatehouseError[] = [];
    const outcome = await write(
      session,
      store,
      permission,
      place.scope,
      async (tx, grant) => {
        refusals.length = 0;
        await keyed?.take(tx);
        const result = await spec.run(tx, grant, input, place, context, refusals);
        if (dryRun) return { result, ...(await planOf(tx, context, spec.permission, place, refusals)) };
        await keyed?.keep(tx, place, { result, ...noPlan });
        return { result, ...noPlan };
      },
      {
        dryRun: dryRun === true,
        feedsAccess,
        telemetry: spec.telemetry === true,
        ...(timeoutMs !== undefined && { timeoutMs }),
      },
    );
    if (spec.telemetry) {
      context.decisions.sample(session.decide(permission, place.scope), context.engine.fingerprint);
      for (const [error, count] of alike(refusals)) await refused(error, count);
    } else for (const error of refusals) await refused(error);
    return outcome;
  };
  try {
    check(common, given);
    if (idempotencyKey == null) return await act();
    checkKey(idempotencyKey, dryRun === true);
    const payload = getNamedType(info.returnType) as GraphQLObjectType;
    keyed = new KeyedRequest(context, info, payload, idempotencyKey, given);
    const earlier = await again();
    if (earlier) return earlier;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await act();
      } catch (error) {
        if (error instanceof Busy) await keyed.settled();
        // Another request with the key was first: it took the key, or what this one was to take away.
        const isLate =
          error instanceof Taken ||
          error instanceof Busy ||
          (error instanceof GatehouseError && error.code === 'NOT_FOUND');
        const first = isLate ? await again() : undefined;
        if (first) return first;
        if (error instanceof Busy && attempt < greatestAttempts) continue;
        throw error instanceof Taken || error instanceof Busy
          ? unavailable('The first request with this idempotencyKey failed; try again.')
          : error;
      }
    }
  } catch (error) {
    if (!(error instanceof GatehouseError) || !['FORBIDDEN', 'POLICY_ERROR', 'NOT_FOUND'].includes(error.code))
      throw error;
    await refused(error);
    throw error.code === 'FORBIDDEN' &&
      target &&
      !(await isVisible(context, target.resource ?? split(spec.permission)[0], target))
      ? notFound('The object')
      : error;
  } finally {
    session.reason = undefined;
    session.note = undefined;
    session.forget();
    context.loaders.clear();
  }
}

/** May the viewer know of it? Of what they may not, a refusal looks like NOT_FOUND. */
async function isVisible(context: Context, resource: ResourceName, { scope, tenant, id }: Target): Promise<boolean> {
  if (id === undefined) return tenant === null || (await visibleTenant(context, tenant.key)) !== undefined;
  const model = resourceDefinition(resource)?.model;
  const grant = context.session.may(`${resource}:READ` as Permission, scope);
  if (!grant || !model) return false;
  const rows = await delegate(context, lowerFirst(model)).findMany({ where: { AND: [{ id }, grant.where] }, take: 1 });
  return rows.length === 1;
}

/** The target of a creation in a tenant, named by its key. @throws NOT_FOUND where the viewer sees no such tenant. */
export async function inTenant(key: string, context: Context): Promise<Target> {
  const tenant = await requiredTenant(context, key);
  return { scope: { tenantId: tenant.id }, tenant };
}

export const atInstance = async (): Promise<Target> => ({ scope: {}, tenant: null });

/**
 * The target that an id names. Reads the stored row's tenant and nothing else: the input never chooses the scope.
 * @throws NOT_FOUND where there is none, as for one of a foreign tenant.
 */
export async function byId(
  resource: ResourceName,
  typename: string,
  globalId: string | number,
  context: Context,
  part?: 'members',
): Promise<Target> {
  const { id } = decodeId(String(globalId), [typename], ['input', 'id']);
  const column = isInstanceWide(resource) ? 'id' : tenantColumn(resource);
  const model = lowerFirst(resourceDefinition(resource)!.model!);
  const [row] = await delegate(context, model).findMany({ where: { id }, select: { [column]: true }, take: 1 });
  // The same words as for a row that is there and not for the caller to know of.
  if (!row) {
    // As many steps as for a row of a foreign tenant.
    const isWide = isInstanceWide(resource);
    if (!isWide) await context.db.tenant.findFirst({ where: { id: '' }, select: { id: true, key: true } });
    throw unknown(context, isWide ? {} : { tenantId: '' }, 'The object', `${resource}:READ` as Permission);
  }
  if (isInstanceWide(resource)) return { scope: {}, tenant: null, id };
  const tenantId = (row[column] as string | null | undefined) ?? null;
  const tenant =
    tenantId === null
      ? null
      : await context.db.tenant.findFirst({ where: { id: tenantId }, select: { id: true, key: true } });
  return { scope: { ...(tenantId !== null && { tenantId }), ...(part && { part }) }, tenant, id };
}
