import { randomInt } from 'node:crypto';
import { checkedHash, newCheckedSecret } from '../../../auth/checked-secret.ts';
import type { Keys } from '../../../auth/keys.ts';
import type { DeviceSignIn } from '../../../db/generated/client.ts';
import type { Store, Tx } from '../../../db/transaction.ts';
import { GatehouseError, notFound } from '../../../errors.ts';
import { keyedHash } from '../../../lib/keyed-hash.ts';
import { peerOf } from '../../../lib/peer.ts';

/** Time in which the person enters the code. */
export const deviceMs = 10 * 60_000;
/** Max sign-ins that wait for a person: of one address, and of all. */
const maxOfPeer = 5;
const maxOfAll = 1_000;

/** RFC 8628, section 6.1: no vowels, so that codes are no words, and no digits. 34 bits. */
const letters = 'BCDFGHJKLMNPQRSTVWXZ';
const codeLength = 8;

const newUserCode = (): string => Array.from({ length: codeLength }, () => letters[randomInt(letters.length)]).join('');
/** Shows a code as XXXX-XXXX. */
export const shownUserCode = (code: string): string => `${code.slice(0, 4)}-${code.slice(4)}`;
const plain = (code: string): string => code.toUpperCase().replaceAll(/[^A-Z]/g, '');
const userCodeHash = ({ signIn }: Keys, code: string): string => keyedHash(signIn, 'user-code', plain(code));

export interface Asker {
  readonly challenge: string;
  /** Name of the machine, as the command states it. */
  readonly client: string;
  readonly ip: string | undefined;
}

export interface BegunDevice {
  /** The command polls with it. */
  readonly deviceCode: string;
  /** The person enters it. */
  readonly userCode: string;
  readonly expiresAt: Date;
}

type Services = { readonly store: Store; readonly keys: Keys };

/**
 * Begins a sign-in that a person allows on another machine. A caller without an account causes it, so the number of rows
 * is bounded. @throws LIMIT_EXCEEDED.
 */
export async function beginDevice({ store, keys }: Services, { challenge, client, ip }: Asker): Promise<BegunDevice> {
  const deviceCode = newCheckedSecret(keys.signIn);
  const userCode = newUserCode();
  const now = new Date();
  const expiresAt = new Date(now.getTime() + deviceMs);
  const peer = peerOf(ip);
  await pruneDevices(store, now);
  const written = await store.prisma.$executeRaw`
    INSERT INTO "DeviceSignIn" (id, "userCode", challenge, client, ip, peer, "createdAt", "expiresAt")
    SELECT ${checkedHash(keys.signIn, deviceCode)!}, ${userCodeHash(keys, userCode)}, ${challenge}, ${client},
      ${ip ?? null}, ${peer}, ${now}, ${expiresAt}
    WHERE (SELECT count(*) FROM "DeviceSignIn" WHERE peer = ${peer}) < ${maxOfPeer}
      AND (SELECT count(*) FROM "DeviceSignIn") < ${maxOfAll}`;
  if (written === 0)
    throw new GatehouseError('LIMIT_EXCEEDED', 'Too many sign-ins wait for a person. Try again in ten minutes.', {
      limit: 'deviceSignIns',
      allowed: maxOfPeer,
      retryAfter: deviceMs / 1_000,
    });
  return { deviceCode, userCode: shownUserCode(userCode), expiresAt };
}

/** Finds the sign-in of a code that a person entered. */
export async function findDevice({ store, keys }: Services, code: string): Promise<DeviceSignIn | undefined> {
  if (plain(code).length !== codeLength) return undefined;
  const row = await store.prisma.deviceSignIn.findFirst({
    where: { userCode: userCodeHash(keys, code), expiresAt: { gt: new Date() }, sessionId: null, deniedAt: null },
  });
  return row ?? undefined;
}

/** Records what the person answered. @throws NOT_FOUND if the sign-in has expired or was answered meanwhile. */
export async function answerDevice({ store }: Services, id: string, sessionId: string | null): Promise<void> {
  const data = sessionId === null ? { deniedAt: new Date() } : { sessionId };
  const where = { id, sessionId: null, deniedAt: null, expiresAt: { gt: new Date() } };
  if ((await store.prisma.deviceSignIn.updateMany({ where, data })).count === 0) throw notFound('The sign-in');
}

/** Finds the sign-in of a command that polls. Undefined if it has expired, or never existed. */
export async function polledDevice({ store, keys }: Services, deviceCode: string): Promise<DeviceSignIn | undefined> {
  const id = checkedHash(keys.signIn, deviceCode);
  if (id === undefined) return undefined;
  return (await store.prisma.deviceSignIn.findFirst({ where: { id, expiresAt: { gt: new Date() } } })) ?? undefined;
}

/** Uses a sign-in that was allowed, in the transaction of its token. @returns false if another request used it first. */
export const useDevice = async (tx: Tx, { id, sessionId }: DeviceSignIn): Promise<boolean> =>
  (await tx.deviceSignIn.deleteMany({ where: { id, sessionId } })).count === 1;

/** Deletes sign-ins that have expired. */
export async function pruneDevices({ prisma }: Store, now = new Date()): Promise<void> {
  await prisma.deviceSignIn.deleteMany({ where: { expiresAt: { lte: now } } });
}
