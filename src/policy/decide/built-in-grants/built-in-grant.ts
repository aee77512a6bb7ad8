import type { Where } from '../../../access/where.ts';
import type { AccessRequest } from '../../contract.ts';
import type { Principal } from '../../principals/principal.ts';

/** A grant built into the engine. Unlike a plugin, it receives the whole principal. */
export interface BuiltInGrant {
  readonly name: string;
  evaluate(
    principal: Principal,
    request: AccessRequest,
  ): { effect: 'allow'; reason: string; when?: Where } | { effect: 'abstain' };
}
