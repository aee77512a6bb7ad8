import { createHash } from 'node:crypto';
import type { PolicyConfiguration } from '../config.ts';
import { canonicalJson } from '../lib/json.ts';

/** The part about policies, and nothing else of what it came with. */
export const policyPart = ({ policies, mayGrant }: PolicyConfiguration): PolicyConfiguration => ({
  policies,
  mayGrant,
});

/** Tells whether a file still says what it said when it was accepted. */
export const digestOfConfiguration = (configuration: PolicyConfiguration): string =>
  createHash('sha256')
    .update(canonicalJson(policyPart(configuration)))
    .digest('hex');
