import type { Credential } from '../../access/actor.ts';
import type { AccessRequest } from '../contract.ts';
import type { LoadedPolicy } from '../load/load.ts';

/** The values that a question about access can omit. */
export const circumstances = ['ip', 'credential', 'reason'] as const;
export type Circumstance = (typeof circumstances)[number];

/** The circumstances that a question gives. Omitted values are unknown. */
export interface Given {
  readonly now: Date;
  readonly ip?: string;
  readonly reason?: string;
  readonly credential?: Credential;
  /** Circumstances that are known to have no value. */
  readonly absent?: readonly Circumstance[];
}

/**
 * What a policy read to reach its verdict: circumstances that are not given, and whether it read the id or name of the
 * actor.
 */
export interface Looked {
  readonly open: ReadonlySet<Circumstance>;
  readonly id: boolean;
}

/**
 * Evaluates the policy again and observes what it reads. A policy depends on its request only, so values that it did
 * not read cannot change its verdict, for this actor and for all actors that agree in the values read.
 */
export function lookedAt({ policy }: LoadedPolicy, request: AccessRequest, given: Given): Looked {
  const open = new Set<Circumstance>();
  let id = false;
  const actor = watched(request.actor, (key) => {
    if (key === 'id' || key === 'name') id = true;
  });
  const credential = watched(request.actor.credential, (key) => {
    if (!isGiven(given.credential, key)) open.add('credential');
  });
  const env = watched(request.env, (key) => {
    if ((key === 'ip' || key === 'reason') && given[key] === undefined && !given.absent?.includes(key)) open.add(key);
  });
  try {
    policy.evaluate({
      ...request,
      actor: new Proxy(actor, { get: (target, key) => (key === 'credential' ? credential : Reflect.get(target, key)) }),
      env,
    });
  } catch {
    // The engine has reported the error. Everything read until then still counts.
  }
  return { open, id };
}

/** A password has no further properties, and the question names its owner. */
const isGiven = (credential: Credential | undefined, key: string): boolean =>
  key === 'ownerKind' || (credential !== undefined && (credential.kind === 'basic' || Object.hasOwn(credential, key)));

function watched<T extends object>(target: T, look: (key: string) => void): T {
  return new Proxy(target, {
    get(own, key) {
      look(String(key));
      return Reflect.get(own, key) as unknown;
    },
    has(own, key) {
      look(String(key));
      return Reflect.has(own, key);
    },
    ownKeys(own) {
      for (const key of ['id', 'name', 'kind', 'createdAt', 'ip', 'reason']) look(key);
      return Reflect.ownKeys(own);
    },
  });
}
