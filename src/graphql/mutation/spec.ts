import type { InputFieldMap, InputShapeFromFields } from '@pothos/core';
import type { z } from 'zod';
import type { Permission } from '../../access/catalog.ts';
import type { Grant } from '../../access/grant.ts';
import type { AuditDraft } from '../../audit/event.ts';
import type { Tx } from '../../db/transaction.ts';
import type { GatehouseError } from '../../errors.ts';
import type { SchemaTypes } from '../connection/connection-type.ts';
import type { Context } from '../context.ts';
import type { Impact } from './impact.ts';
import type { Target } from './target.ts';

/** Additional result of a dry run. */
export interface Plan {
  /** The changes that the caller can know of. */
  readonly changes: readonly AuditDraft[] | null;
  /** Number of further changes. */
  readonly hidden: number | null;
  /** Effect on access. */
  readonly impact: Impact | null;
}

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
  /**
   * True if the target's row is the first that `run` locks, by `find`. It is then locked together with the state of access,
   * which saves a round trip.
   */
  readonly locksTarget?: true | ((input: InputShapeFromFields<Fields>) => boolean);
  readonly payload: (t: PayloadBuilder<Result>) => Record<string, unknown>;
  /** True if it changes access (default: from its resource). Adds `dryRun`. */
  readonly feedsAccess?: boolean;
  /** Reported by machines many times a minute: no audit events, sampled decisions, counted refusals. */
  readonly telemetry?: true;
  readonly timeoutMs?: (context: Context) => number;
}
