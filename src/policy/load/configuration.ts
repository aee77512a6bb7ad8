import { createHash } from 'node:crypto';
import { type PolicyConfiguration, policyConfiguration } from '../../config.ts';
import { canonicalJson } from '../../lib/json.ts';

/** Returns only the policy part of a configuration. */
export const policyPart = ({ policies, mayGrant }: PolicyConfiguration): PolicyConfiguration => ({
  policies,
  mayGrant,
});

/** Parses the stored configuration. null if none is stored or this version cannot read it; the file then applies. */
export const configurationIn = (stored: unknown): PolicyConfiguration | null =>
  policyConfiguration.safeParse(stored).data ?? null;

/** Returns a digest of the configuration, to detect whether the file changed since it was accepted. */
export const digestOfConfiguration = (configuration: PolicyConfiguration): string =>
  createHash('sha256')
    .update(canonicalJson(policyPart(configuration)))
    .digest('hex');
