import { GatehouseError } from '../../../errors.ts';

/** The types of errors of RFC 7644, section 3.12, that the gateway reports. */
export type ScimType =
  | 'invalidFilter'
  | 'invalidPath'
  | 'invalidSyntax'
  | 'invalidValue'
  | 'mutability'
  | 'noTarget'
  | 'tooMany'
  | 'uniqueness';

export const scimFault = (scimType: ScimType, message: string): GatehouseError =>
  new GatehouseError(scimType === 'uniqueness' ? 'CONFLICT' : 'BAD_INPUT', message, { scimType });

/** The resource is no longer the one that If-Match names. */
export const versionFault = (): GatehouseError =>
  new GatehouseError('CONFLICT', 'The resource was changed. Read it again.', { status: 412 });
