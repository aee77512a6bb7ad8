import type { Fault } from '../relay/fault.ts';
import { CopyButton } from './CopyButton.tsx';
import { Icon } from './Icon.tsx';

/** Why something was refused: the policy, and the decision to name in a question to an administrator. */
export function Faults({ faults }: { faults: readonly Fault[] }) {
  return faults.map(({ message, policy, permission, decisionId }) => (
    <div className="note fail" role="alert" key={message}>
      <Icon name="refuse" />
      <div>
        {policy && policy !== 'roles' && <b>Refused by {policy}. </b>}
        {message}
        {permission && (
          <>
            {' '}
            It needs <code>{permission}</code>.
          </>
        )}
        {decisionId && (
          <span className="nowrap">
            {' '}
            <code>{decisionId}</code> <CopyButton text={decisionId} label="Copy the decision ID" />
          </span>
        )}
      </div>
    </div>
  ));
}
