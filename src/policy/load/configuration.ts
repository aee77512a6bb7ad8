import { createHash } from 'node:crypto';
import { type PolicyConfiguration, policyConfiguration } from '../../config.ts';
import { canonicalJson } from '../../lib/json.ts';

/** The part about policies, and nothing else of what it came with. */
export const policyPart = ({ policies, mayGrant }: PolicyConfiguration): PolicyConfiguration => ({
  policies,
  mayGrant,
});

/** What the database holds; null: nothing yet, or what this version cannot read, which the file then takes the place of. */
export const configurationIn = (stored: unknown): PolicyConfiguration | null =>
  policyConfiguration.safeParse(stored).data ?? null;

/** Tells whether a file still says what it said when it was accepted. */
export const digestOfConfiguration = (configuration: PolicyConfiguration): string =>
  createHash('sha256')
    .update(canonicalJson(policyPart(configuration)))
    .digest('hex');
