import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { keyedHash } from '../lib/keyed-hash.ts';
import type { Keys } from './keys.ts';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const randomLength = 30;
const checksumLength = 6;

/** What finds a token in text: 30 random characters (178 bits) and a checksum of 6, behind `gth_`. */
export const tokenPattern = /\bgth_[0-9A-Za-z]{36}\b/;

function checksum(body: string): string {
  let value = crc32(body);
  let text = '';
  for (let i = 0; i < checksumLength; i += 1) {
    text = digits[value % 62]! + text;
    value = Math.floor(value / 62);
  }
  return text;
}

export function newToken(): string {
  const body = Array.from({ length: randomLength }, () => digits[randomInt(62)]).join('');
  return `gth_${body}${checksum(body)}`;
}

/** Is it a whole token? A typo is found here, before any look-up. */
export function isToken(text: string): boolean {
  if (text.length !== 4 + randomLength + checksumLength || !tokenPattern.test(text)) return false;
  return checksum(text.slice(4, 4 + randomLength)) === text.slice(4 + randomLength);
}

/** What is stored instead of the token. */
export const tokenHash = (keys: Keys, token: string): string => keyedHash(keys.pepper, token);
/** What is shown of a token, to tell one from another. */
export const tokenPrefix = (token: string): string => token.slice(0, 10);
