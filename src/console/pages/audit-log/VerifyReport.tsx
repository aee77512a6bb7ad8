import { Icon } from '../../ui/Icon.tsx';
import type { ChainFault, FaultKind, Report } from './verify/chain.ts';

const titles: Readonly<Record<FaultKind, string>> = {
  CHANGED: 'Changed',
  BROKEN: 'Broken',
  MISSING: 'Missing',
  FOREIGN: 'From another chain',
  REWRITTEN: 'Rewritten',
  TRUNCATED: 'Cut off',
  UNPROVEN: 'Not proven',
  UNREADABLE: 'Not readable',
  UNPROVABLE: 'Cannot be proven',
};

/** The answer first, then where the chain breaks. */
export function VerifyReport({ report }: { report: Report }) {
  const { faults, faultCount, events, first, last, proofs, tenantKey } = report;
  const isOnlyHidden = faultCount > 0 && faults.every(({ kind }) => kind === 'UNPROVABLE');
  const family = faultCount === 0 ? 'ok' : isOnlyHidden ? 'warn' : 'fail';
  return (
    <div className="stack">
      <div className="answer">
        <span className={`seal ${family}`}>
          <Icon name={faultCount === 0 ? 'check' : isOnlyHidden ? 'why' : 'x'} />
        </span>
        <div>
          <h2>
            {faultCount === 0
              ? 'The audit log is complete and unchanged'
              : isOnlyHidden
                ? 'Parts of it cannot be proven'
                : 'The audit log is not what it was'}
          </h2>
          <p className="quiet">
            {events.toLocaleString()} events
            {first !== undefined && `, ${first.toLocaleString()} to ${last.toLocaleString()}`}
            {tenantKey && ` of ${tenantKey}`}, proven by {proofs} {proofs === 1 ? 'signature' : 'signatures'}.
          </p>
        </div>
      </div>
      {faultCount > 0 && (
        <ol className="chain" aria-label="Where it breaks">
          {faults.map((fault) => (
            <Fault key={`${fault.kind} ${fault.seq} ${fault.message}`} fault={fault} />
          ))}
        </ol>
      )}
      {faultCount > faults.length && <p className="quiet">and {faultCount - faults.length} more</p>}
    </div>
  );
}

function Fault({ fault: { kind, seq, message, expected, found } }: { fault: ChainFault }) {
  return (
    <li className={kind === 'UNPROVABLE' ? 'soft' : undefined}>
      <div className="row">
        <span className={`state ${kind === 'UNPROVABLE' ? 'warn' : 'fail'}`}>
          <Icon name={kind === 'UNPROVABLE' ? 'st-warning' : 'st-failed'} />
          {titles[kind]}
        </span>
        {seq !== undefined && <b>event {seq.toLocaleString()}</b>}
      </div>
      <p>{message}</p>
      {expected !== undefined && found !== undefined && (
        <dl className="facts">
          <dt>Must be</dt>
          <dd>
            <code>{expected.slice(0, 24)}…</code>
          </dd>
          <dt>Is</dt>
          <dd>
            <code className="fail">{found.slice(0, 24)}…</code>
          </dd>
        </dl>
      )}
    </li>
  );
}
