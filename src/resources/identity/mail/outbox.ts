import type { Keys } from '../../../auth/keys.ts';
import type { Mail } from '../../../db/generated/client.ts';
import { type Store, type Tx, wakeAfterCommit } from '../../../db/transaction.ts';
import { openWithAny, seal } from '../../../lib/envelope.ts';
import type { Log } from '../../../lib/log.ts';
import { isFinal, type Send } from './smtp.ts';

/** A mail. It has a link with a secret, so it is stored encrypted, and only until it is sent. */
export interface Letter {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

/** Topic of Wake for a new mail. */
export const mailTopic = 'mail';

const second = 1_000;
const maxAttempts = 12;
/** A gateway that ends while it sends loses no mail: another one sends it after this time. */
const leaseMs = 120 * second;
const maxBatch = 20;
const maxFault = 300;

const bindingOf = (id: string) => ['mail', id];

/** Stores a mail in the transaction of what it is about. It is sent after the commit. */
export async function queueMail(tx: Tx, keys: Keys, id: string, letter: Letter, expiresAt: Date): Promise<void> {
  const sealed = seal(keys.mail[0]!, Buffer.from(JSON.stringify(letter)), bindingOf(id));
  await tx.mail.create({ data: { id, sealed, nextAt: new Date(), expiresAt } });
  wakeAfterCommit(tx, mailTopic);
}

/** Deletes the mails of deleted objects, sent or not. */
export const withdrawMails = async (tx: Tx, ids: readonly string[]): Promise<void> =>
  void (await tx.mail.deleteMany({ where: { id: { in: [...ids] } } }));

/** @throws if no known master key encrypted it. */
const letterOf = ({ mail }: Keys, id: string, sealed: string): Letter =>
  JSON.parse(openWithAny(mail, sealed, bindingOf(id)).toString()) as Letter;

type Claimed = Pick<Mail, 'id' | 'sealed' | 'attempts' | 'expiresAt'>;

/**
 * Sends the mails that are due, each by one gateway. A mail whose outcome is unknown is sent again: at least once. Failed
 * attempts are repeated after 10 s, 20 s, 40 s … up to an hour.
 */
export async function sendDue(
  { prisma }: Pick<Store, 'prisma'>,
  keys: Keys,
  send: Send,
  log: Pick<Log, 'error'>,
  now = new Date(),
): Promise<void> {
  for (let count = maxBatch; count === maxBatch; ) {
    const claimed = await prisma.$queryRaw<Claimed[]>`
      UPDATE "Mail" SET attempts = attempts + 1, "nextAt" = ${new Date(now.getTime() + leaseMs)} WHERE id IN (
        SELECT id FROM "Mail" WHERE "nextAt" <= ${now} ORDER BY "nextAt", id LIMIT ${maxBatch} FOR UPDATE SKIP LOCKED)
      RETURNING id, sealed, attempts, "expiresAt"`;
    count = claimed.length;
    await Promise.all(claimed.map((mail) => attempt(prisma, keys, send, log, mail, now)));
  }
}

async function attempt(
  prisma: Store['prisma'],
  keys: Keys,
  send: Send,
  log: Pick<Log, 'error'>,
  { id, sealed, attempts, expiresAt }: Claimed,
  now: Date,
): Promise<void> {
  const ended = { nextAt: null, sealed: null };
  let outcome: Partial<Mail>;
  try {
    await send(letterOf(keys, id, sealed ?? ''));
    outcome = { ...ended, sentAt: new Date(), fault: null };
  } catch (error) {
    const fault = (error as Error).message.slice(0, maxFault).toWellFormed();
    const nextAt = new Date(now.getTime() + Math.min(5 * 2 ** attempts, 3_600) * second);
    const isOver = isFinal(error) || attempts >= maxAttempts || nextAt >= expiresAt;
    outcome = { fault, ...(isOver ? ended : { nextAt }) };
    if (attempts === 1 || isOver)
      log.error(isOver ? 'a mail could not be sent' : 'a mail could not be sent and will be sent again', {
        mail: id,
        error: fault,
      });
  }
  // A withdrawn mail has no row any more.
  await prisma.mail.updateMany({ where: { id }, data: outcome });
}

/** Deletes the states of mails whose links have expired. */
export async function pruneMails({ prisma }: Store, now = new Date()): Promise<void> {
  await prisma.mail.deleteMany({ where: { expiresAt: { lte: now } } });
}

/** The state of a mail. Null if none was to be sent. */
export const mailState = (mail: Pick<Mail, 'sentAt' | 'nextAt'> | null): 'QUEUED' | 'SENT' | 'FAILED' | null =>
  mail === null ? null : mail.sentAt !== null ? 'SENT' : mail.nextAt !== null ? 'QUEUED' : 'FAILED';
