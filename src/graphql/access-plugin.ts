import SchemaBuilder, {
  BasePlugin,
  type PothosOutputFieldConfig,
  PothosSchemaError,
  type SchemaTypes,
} from '@pothos/core';
import type { GraphQLFieldResolver } from 'graphql';
import { levelOf, type Permission, split } from '../access/catalog.ts';
import { GatehouseError } from '../errors.ts';
import type { Scope } from '../policy/decide/decision.ts';
import { refusalChain } from '../policy/session/refusal-chain.ts';
import type { Context } from './context.ts';

/**
 * Access to a field.
 * - `public`: every caller.
 * - `signed-in`: every authenticated caller; the resolver returns only their own data.
 * - `parent`: every caller who was granted the parent object.
 * - a permission: decided before the resolver runs, in the scope that `scope` returns (default: the instance level).
 * - `{ decides: permission }`: the resolver asks the engine for that permission (lists over several tenants, and
 *   mutations, which decide inside their transaction).
 */
export type FieldAccess = 'public' | 'signed-in' | 'parent' | Permission | { readonly decides: Permission };

type ScopeOf = (parent: never, args: never, context: Context) => Scope | Promise<Scope>;

declare global {
  export namespace PothosSchemaTypes {
    interface Plugins<Types extends SchemaTypes> {
      access: AccessPlugin<Types>;
    }
    interface QueryFieldOptions<Types extends SchemaTypes, Type, Nullable, Args, ResolveReturnShape> {
      access: FieldAccess;
      scope?: ScopeOf;
    }
    interface MutationFieldOptions<Types extends SchemaTypes, Type, Nullable, Args, ResolveReturnShape> {
      access: FieldAccess;
      scope?: ScopeOf;
    }
    interface SubscriptionFieldOptions<
      Types extends SchemaTypes,
      Type,
      Nullable,
      Args,
      ResolveShape,
      ResolveReturnShape,
    > {
      access: FieldAccess;
      scope?: ScopeOf;
    }
    interface ObjectFieldOptions<Types extends SchemaTypes, ParentShape, Type, Nullable, Args, ResolveReturnShape> {
      access?: FieldAccess;
      scope?: ScopeOf;
    }
    interface InterfaceFieldOptions<Types extends SchemaTypes, ParentShape, Type, Nullable, Args, ResolveReturnShape> {
      access?: FieldAccess;
      scope?: ScopeOf;
    }
  }
}

interface Declared {
  readonly access?: FieldAccess;
  readonly scope?: ScopeOf;
  readonly columns?: readonly string[];
}
const rootKinds = new Set(['Query', 'Mutation', 'Subscription']);

export const permissionOf = (access: FieldAccess | undefined): Permission | undefined => {
  if (access === undefined || access === 'public' || access === 'signed-in' || access === 'parent') return undefined;
  return typeof access === 'object' ? access.decides : access;
};

/** Records a refused read before it is returned. */
export async function noteRefusal(
  error: unknown,
  field: string,
  { session, refusals, decisions, engine }: Context,
): Promise<void> {
  if (!(error instanceof GatehouseError) || (error.code !== 'FORBIDDEN' && error.code !== 'POLICY_ERROR')) return;
  const permission = error.extensions['permission'] as Permission | undefined;
  if (permission === undefined || session.isAnonymous) return;
  // The event first: its evidence may not be writable.
  await refusals.read({
    doer: session.doer,
    permission,
    field,
    tenantId: refusalChain(session, error.tenantId),
    error,
  });
  await decisions.refusedRead(error, engine.fingerprint);
}

/** An SSE stream is a connection of its own and counts for its account until it closes. @throws LIMIT_EXCEEDED. */
function countStream({ session, streams, limits: { socketsPerPrincipal: allowed }, onClosed }: Context): void {
  if (!onClosed) return;
  const leave = streams.open(session.accountId);
  if (!leave)
    throw new GatehouseError(
      'LIMIT_EXCEEDED',
      `You have reached the limit of ${allowed} SSE streams. End one, or use one WebSocket for many.`,
      { limit: 'streams', allowed },
    );
  onClosed(leave);
}

const everywhere: Scope = {};

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof (value as { then?: unknown } | null | undefined)?.then === 'function';
const afterwards = (value: unknown, next: (value: unknown) => unknown): unknown =>
  isPromise(value) ? value.then(next) : next(value);

/** Checks access to every root field and every field with a permission. */
export class AccessPlugin<Types extends SchemaTypes> extends BasePlugin<Types> {
  override onOutputFieldConfig(config: PothosOutputFieldConfig<Types>): PothosOutputFieldConfig<Types> {
    const { access, columns } = config.pothosOptions as Declared;
    if (rootKinds.has(config.kind) && access === undefined) {
      throw new PothosSchemaError(`${config.parentType}.${config.name} declares no access.`);
    }
    if (config.kind === 'Mutation' && typeof access !== 'object' && access !== 'signed-in') {
      throw new PothosSchemaError(`Mutation.${config.name} must decide inside its transaction (access: { decides }).`);
    }
    const permission = permissionOf(access);
    if (!permission) return columns ? { ...config, extensions: { ...config.extensions, columns } } : config;
    // A field that can be refused is nullable, so that a refusal does not affect other fields. A stream has only one
    // field.
    const type = config.kind === 'Subscription' ? config.type : { ...config.type, nullable: true };
    const needs = `Requires ${permission} (${levelOf(...split(permission))} level).`;
    return {
      ...config,
      type,
      description: `${config.description ?? ''}\n\n${needs}`.trim(),
      extensions: { ...config.extensions, directives: { access: { permission } }, access, ...(columns && { columns }) },
    };
  }

  override wrapResolve(
    resolve: GraphQLFieldResolver<unknown, Types['Context'], object>,
    config: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> {
    const { access, scope } = config.pothosOptions as Declared;
    if (access === undefined || access === 'public' || access === 'parent') return resolve;
    // A subscription that decides itself has already decided about this item.
    if (config.kind === 'Subscription' && typeof access === 'object') return resolve;
    const permission = typeof access === 'string' && access !== 'signed-in' ? access : undefined;
    // Most fields find the session current and nothing to wait for: they answer without a promise of their own.
    const decided: GraphQLFieldResolver<unknown, Types['Context'], object> = (parent, args, context, info) => {
      const { session, deadline } = context as Context;
      deadline?.throwIfOver();
      const noted = (result: unknown) => afterwards(session.noteUse(access === 'signed-in'), () => result);
      const run = () => afterwards(resolve(parent, args, context, info), noted);
      const decide = () => {
        if (!permission) return run();
        const place = scope?.(parent as never, args as never, context as never) ?? everywhere;
        return afterwards(place, (found) => {
          session.grant(permission, found as Scope);
          return run();
        });
      };
      return session.isCurrent ? decide() : session.refresh().then(decide);
    };
    // Mutations and subscriptions record their own refusals.
    if (config.kind === 'Mutation' || config.kind === 'Subscription') return decided;
    const field = `${config.parentType}.${config.name}`;
    return (parent, args, context, info) => {
      const refused = async (error: unknown): Promise<never> => {
        await noteRefusal(error, field, context as Context);
        throw error;
      };
      try {
        const result: unknown = decided(parent, args, context, info);
        return isPromise(result) ? result.then(undefined, refused) : result;
      } catch (error) {
        return refused(error);
      }
    };
  }

  override wrapSubscribe(
    subscribe: GraphQLFieldResolver<unknown, Types['Context'], object> | undefined,
    config: PothosOutputFieldConfig<Types>,
  ): GraphQLFieldResolver<unknown, Types['Context'], object> | undefined {
    if (!subscribe || config.kind !== 'Subscription') return subscribe;
    return async (parent, args, context, info) => {
      await (context as Context).session.refresh();
      countStream(context as Context);
      return subscribe(parent, args, context, info);
    };
  }
}

SchemaBuilder.registerPlugin('access' as never, AccessPlugin as never);
