import { randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { keyedHash } from '../lib/keyed-hash.ts';
import type { Keys } from './keys.ts';

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const randomLength = 30;
const checksumLength = 6;

/** Matches a token in a text: 30 random characters (178 bits) and a checksum of 6, after `gth_`. */
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

/** True if the token is complete. Detects a typo without a query. */
export function isToken(text: string): boolean {
  if (text.length !== 4 + randomLength + checksumLength || !tokenPattern.test(text)) return false;
  return checksum(text.slice(4, 4 + randomLength)) === text.slice(4 + randomLength);
}

/** The hash of a token, which is stored in its place. */
export const tokenHash = (keys: Keys, token: string): string => keyedHash(keys.pepper, token);
/** The visible prefix of a token, to distinguish tokens. */
export const tokenPrefix = (token: string): string => token.slice(0, 10);
