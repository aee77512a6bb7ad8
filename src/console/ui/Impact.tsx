import { graphql, useFragment } from 'react-relay/hooks';
import type { Impact_impact$key } from '../generated/Impact_impact.graphql.ts';
import { Icon } from './Icon.tsx';
import { Who } from './Who.tsx';

const fragment = graphql`
  fragment Impact_impact on AccessImpact {
    principalCount
    escalations
    hiddenPrincipals
    orphanedTenantKeys
    hiddenOrphanedTenants
    refusals {
      code
      message
      policy
    }
    principals(first: 20) {
      subjectId
      name
      hiddenPermissions
      superAdmin
      gained {
        resource
        action
        namespaceName
        escalation
      }
      lost {
        resource
        action
        namespaceName
      }
    }
  }
`;

const maxShown = 12;

/** Who would gain and lose what, by the dry run of a change. */
export function Impact({ impact: key }: { impact: Impact_impact$key }) {
  const impact = useFragment(fragment, key);
  const { principals, principalCount, orphanedTenantKeys, hiddenOrphanedTenants } = impact;
  const orphaned = [...orphanedTenantKeys, ...(hiddenOrphanedTenants > 0 ? [`${hiddenOrphanedTenants} more`] : [])];
  return (
    <div className="stack">
      <div className="tally two-parts">
        <div>
          <b>{principalCount}</b>
          <span>{principalCount === 1 ? 'account affected' : 'accounts affected'}</span>
        </div>
        <div className={impact.escalations > 0 ? 'hot' : ''}>
          <b>{impact.escalations}</b>
          <span>{impact.escalations === 1 ? 'escalation' : 'escalations'}</span>
        </div>
      </div>
      {orphaned.length > 0 && (
        <div className="note fail">
          <Icon name="alert" />
          <div>
            <b>Only super admins could administer {orphaned.join(', ')} afterwards.</b>
          </div>
        </div>
      )}
      {impact.refusals.map(({ message, policy }) => (
        <div className="note fail" key={message}>
          <Icon name="refuse" />
          <div>
            {message} {policy && <span className="quiet">{policy}</span>}
          </div>
        </div>
      ))}
      {principals.length > 0 && (
        <ul className="impact">
          {principals.map(({ subjectId, name, gained, lost, hiddenPermissions, superAdmin }) => (
            <li key={subjectId}>
              <div className="line">
                <Who name={name} />
                {gained.some(({ escalation }) => escalation) && (
                  <span className="badge warn">
                    <Icon name="escal" />
                    Escalation
                  </span>
                )}
                {superAdmin != null && (
                  <span className="badge warn">
                    {superAdmin ? 'becomes super admin' : 'is no super admin any more'}
                  </span>
                )}
              </div>
              <p className="perms">
                {[
                  ...gained.map((one) => ({ ...one, sign: '+' as const })),
                  ...lost.map((one) => ({ ...one, sign: '−' as const })),
                ]
                  .slice(0, maxShown)
                  .map((one) => (
                    <Changed key={`${one.sign}${one.resource}${one.action}${one.namespaceName}`} {...one} />
                  ))}
                <More count={hiddenPermissions + Math.max(0, gained.length + lost.length - maxShown)} />
              </p>
            </li>
          ))}
        </ul>
      )}
      {impact.hiddenPrincipals > 0 && (
        <p className="quiet">{impact.hiddenPrincipals} more, whom you are not allowed to see.</p>
      )}
      {principalCount === 0 && <p className="quiet">No account gains or loses a permission.</p>}
    </div>
  );
}

const More = ({ count }: { count: number }) => (count > 0 ? <span className="quiet">{count} more</span> : null);

interface ChangedProps {
  readonly sign: '+' | '−';
  readonly resource: string;
  readonly action: string;
  readonly namespaceName: string | null | undefined;
}

const Changed = ({ sign, resource, action, namespaceName }: ChangedProps) => (
  <span className={`perm ${sign === '+' ? 'gain' : 'loss'}`} title={namespaceName ?? 'in the whole tenant'}>
    <span aria-hidden="true">{sign}</span>
    <span className="sr">{sign === '+' ? 'gains' : 'loses'}</span>
    {resource}:{action}
    {namespaceName && <small>{namespaceName}</small>}
  </span>
);
