import type { Credential } from '../../access/actor.ts';
import type { AccessRequest } from '../contract.ts';
import type { LoadedPolicy } from '../load/load.ts';

/** What a question about access may leave open. */
export const circumstances = ['ip', 'credential', 'reason'] as const;
export type Circumstance = (typeof circumstances)[number];

/** The circumstances that a question gives; what is left out is not known. */
export interface Given {
  readonly now: Date;
  readonly ip?: string;
  readonly reason?: string;
  readonly credential?: Credential;
  /** Those of which it is known that there is none. */
  readonly absent?: readonly Circumstance[];
}

/** What a policy looked at to answer: circumstances that are not given, and whether it mattered who asks. */
export interface Looked {
  readonly open: ReadonlySet<Circumstance>;
  readonly id: boolean;
}

/**
 * Asks the policy once more and watches what it looks at. It is pure in its request: what it did not look at cannot
 * change its answer, for this actor and for all who are alike in the rest.
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
    // The engine tells it as the policy's error; what it looked at until then still counts.
  }
  return { open, id };
}

/** Of a password there is nothing more to know; whose it is, the question says. */
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
