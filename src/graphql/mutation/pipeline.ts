import { type GraphQLObjectType, type GraphQLResolveInfo, getNamedType } from 'graphql';
import { levelOf, type Permission, type ResourceName, split } from '../../access/catalog.ts';
import { isInstanceWide, readResource, resourceDefinition } from '../../access/resource.ts';
import { GatehouseError, notFound, unavailable } from '../../errors.ts';
import { refusalChain } from '../../policy/session/refusal-chain.ts';
import { write } from '../../policy/session/write.ts';
import { rows } from '../connection/reach.ts';
import type { Context } from '../context.ts';
import { visibleTenant } from '../scopes.ts';
import { noPlan, planOf } from './dry-run.ts';
import { Busy, checkKey, KeyedRequest, Taken } from './idempotency.ts';
import { type Common, check, common, inputOf, nameIn, omittedFrom } from './input.ts';
import { alike } from './items.ts';
import { noteInput } from './payload-rows.ts';
import type { Restored } from './replay.ts';
import type { MutationSpec, Outcome } from './spec.ts';
import type { Target } from './target.ts';
import { unreadable } from './unreadable-input.ts';

export type AnySpec = MutationSpec<Permission, never, unknown, object, Target>;
type Answer = Outcome<unknown> | Restored;

/** State of one mutation of a request. */
export interface Call {
  readonly name: string;
  readonly spec: AnySpec;
  readonly feedsAccess: boolean;
  readonly given: object;
  readonly context: Context;
  readonly info: GraphQLResolveInfo;
  target?: Target | undefined;
  /** The validated input with the result of `prepare`. */
  input?: object;
  keyed?: KeyedRequest;
}

type Step = (call: Call, next: () => Promise<Answer>) => Promise<Answer>;

/** Runs a mutation. @throws the public error. */
export function perform(call: Call): Promise<Answer> {
  const from = (at: number): Promise<Answer> => steps[at]!(call, () => from(at + 1));
  return from(0);
}

/** Reason and decisions belong to this mutation: the next one of the request is decided again. */
const isolate: Step = async ({ given, context, info, spec }, next) => {
  const unread = unreadable(given);
  if (unread) throw unread;
  const { session, loaders, deadline } = context;
  session.reason = (given as Common).reason ?? undefined;
  session.forget();
  noteInput(context, given, inputOf(info), split(spec.permission)[1] === 'CREATE' ? omittedFrom(given, info) : []);
  const timeoutMs = spec.timeoutMs?.(context);
  if (timeoutMs !== undefined) deadline?.extend(timeoutMs);
  try {
    return await next();
  } finally {
    session.reason = undefined;
    session.note = undefined;
    session.forget();
    loaders.clear();
  }
};

/** Records a refusal. For a row that the caller cannot know of, it becomes NOT_FOUND. */
const recordRefusal: Step = async (call, next) => {
  try {
    return await next();
  } catch (error) {
    if (!(error instanceof GatehouseError) || !['FORBIDDEN', 'POLICY_ERROR', 'NOT_FOUND'].includes(error.code))
      throw error;
    await recorded(call, error);
    throw error.code === 'FORBIDDEN' && call.target && !(await isVisible(call, call.target))
      ? notFound('The object')
      : error;
  }
};

const validate: Step = ({ given }, next) => {
  check(common, given);
  return next();
};

/** Max retries when another request with the idempotencyKey failed. */
const maxAttempts = 5;

/** With an idempotencyKey, only the first request takes effect. The others get its result. */
const answerOnce: Step = async (call, next) => {
  const { context, info, given } = call;
  const { idempotencyKey, dryRun } = given as Common;
  if (idempotencyKey == null) return next();
  checkKey(idempotencyKey, dryRun === true);
  const payload = getNamedType(info.returnType) as GraphQLObjectType;
  const keyed = new KeyedRequest(context, info, payload, idempotencyKey, given);
  call.keyed = keyed;
  const earlier = async (): Promise<Restored | undefined> => {
    const first = await keyed.find();
    call.target = first?.target ?? call.target;
    return first && keyed.answer(first);
  };
  const answer = await earlier();
  if (answer) return answer;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await next();
    } catch (error) {
      if (error instanceof Busy) await keyed.settled();
      // Another request with the key was first: it stored the key, or deleted the target of this one.
      const isLate =
        error instanceof Taken ||
        error instanceof Busy ||
        (error instanceof GatehouseError && error.code === 'NOT_FOUND');
      const first = isLate ? await earlier() : undefined;
      if (first) return first;
      if (error instanceof Busy && attempt < maxAttempts) continue;
      throw error instanceof Taken || error instanceof Busy
        ? unavailable('The first request with this idempotencyKey failed. Retry.')
        : error;
    }
  }
};

/** Finds scope and target, and checks that the caller has any permission there, before reading the input. */
const open: Step = async (call, next) => {
  const { spec, given, context } = call;
  const target = await spec.target(given as never, context);
  call.target = target;
  const { session } = context;
  const permission = target.permission ?? spec.permission;
  if (!spec.alternatives?.some((other) => session.may(other, target.scope))) session.grant(permission, target.scope);
  return next();
};

/** Applies the input rules and does the slow work before a lock is held. */
const prepare: Step = async (call, next) => {
  const { spec, given, context } = call;
  const target = call.target!;
  const checked = spec.rules ? (check(spec.rules, given) as object) : given;
  const ready = await spec.prepare?.(checked as never, target, context);
  call.input = { ...checked, ...ready };
  const permission = await spec.choose?.(call.input as never, target, context);
  if (permission !== undefined) call.target = { ...target, permission };
  return next();
};

/** The target's row, if the mutation locks it first. An idempotencyKey is locked before. */
function locksOf({ spec: { locksTarget, permission }, given, target, keyed }: Call) {
  const isFirst = typeof locksTarget === 'function' ? locksTarget(given as never) : locksTarget === true;
  if (!isFirst || keyed || target?.id === undefined) return undefined;
  return { resource: target.resource ?? split(permission)[0], id: target.id };
}

/** Decides, runs and records in one transaction. The last step. */
const act: Step = async (call) => {
  const { spec, given, context, feedsAccess, keyed } = call;
  const target = call.target!;
  const permission = target.permission ?? spec.permission;
  const dryRun = (given as Common).dryRun === true;
  const timeoutMs = spec.timeoutMs?.(context);
  const telemetry = spec.telemetry === true;
  const refusals: GatehouseError[] = [];
  const outcome = await write(
    context.session,
    context.store,
    permission,
    target.scope,
    async (tx, grant) => {
      refusals.length = 0;
      await keyed?.take(tx);
      const result = await spec.run(tx, grant, call.input as never, target, context, refusals);
      if (dryRun) return { result, ...(await planOf(tx, context, spec.permission, target, refusals)) };
      await keyed?.keep(tx, target, { result, ...noPlan });
      return { result, ...noPlan };
    },
    { dryRun, feedsAccess, telemetry, locks: locksOf(call), ...(timeoutMs !== undefined && { timeoutMs }) },
  );
  if (telemetry) context.decisions.sample(context.session.decide(permission, target.scope), context.engine.fingerprint);
  const groups: [GatehouseError, number][] = telemetry ? alike(refusals) : refusals.map((error) => [error, 1]);
  for (const [error, count] of groups) await recorded(call, error, count);
  return outcome;
};

/** The steps of a mutation, top to bottom. Each wraps those below it. */
const steps: readonly Step[] = [isolate, recordRefusal, validate, answerOnce, open, prepare, act];

/** Records a refusal as an event, with its decision. @param count number of merged refusals. */
async function recorded({ name, spec, given, context, target }: Call, error: GatehouseError, count = 1): Promise<void> {
  const { session, refusals, decisions, engine } = context;
  const [resource, action] = split(spec.permission);
  const isNowhere = target === undefined && !isInstanceWide(resource) && levelOf(resource, action) !== 'instance';
  const isApart = await refusals.act({
    doer: session.doer,
    // A mutation with several permissions is refused by one of them.
    permission: (error.extensions['permission'] as Permission | undefined) ?? target?.permission ?? spec.permission,
    field: name,
    tenantId: refusalChain(session, target?.tenant?.id ?? error.tenantId, isNowhere),
    resourceId: target?.id ?? '',
    ...(target?.id === undefined && { resourceKey: nameIn(given) }),
    error,
    count,
  });
  await (isApart ? decisions.refused(error, engine.fingerprint) : decisions.refusedRead(error, engine.fingerprint));
}

/** True if the caller can know of the target. */
async function isVisible({ context, spec }: Call, { scope, tenant, id, resource: own }: Target): Promise<boolean> {
  const resource: ResourceName = own ?? split(spec.permission)[0];
  if (id === undefined) return tenant === null || (await visibleTenant(context, tenant.key)) !== undefined;
  const model = resourceDefinition(resource)?.model;
  const grant = context.session.may(`${readResource(resource)}:READ` as Permission, scope);
  if (!grant || !model) return false;
  return (await rows(context).first(model, { AND: [{ id }, grant.where] }, ['id'])) !== undefined;
}
