import { useEffect, useState } from 'react';
import { graphql, useMutation } from 'react-relay/hooks';
import type { ImpactMutation } from '../../generated/ImpactMutation.graphql.ts';
import { Icon } from '../../ui/Icon.tsx';
import { Who } from '../../ui/Who.tsx';
import type { inputsOf } from './permissions.ts';

const dryRun = graphql`
  mutation ImpactMutation($input: UpdateRoleInput!) {
    updateRole(input: $input) {
      impact {
        principalCount
        escalations
        hiddenPrincipals
        orphanedTenantKeys
        refusals {
          code
          message
          policy
        }
        principals(first: 20) {
          subjectId
          name
          hiddenPermissions
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
    }
  }
`;

type Answer = NonNullable<ImpactMutation['response']['updateRole']>['impact'];
/** A pause in which further clicks join the question. */
const pauseMs = 300;

export interface ImpactProps {
  readonly id: string;
  readonly permissions: ReturnType<typeof inputsOf>;
  readonly added: number;
  readonly removed: number;
}

/** Who would gain and lose what, by a dry run of the change. */
export function Impact({ id, permissions, added, removed }: ImpactProps) {
  const [ask] = useMutation<ImpactMutation>(dryRun);
  const [answer, setAnswer] = useState<Answer>();
  const [fault, setFault] = useState<string>();
  const asked = JSON.stringify(permissions);
  useEffect(() => {
    const timer = setTimeout(
      () =>
        ask({
          variables: { input: { id, permissions: JSON.parse(asked) as ImpactProps['permissions'], dryRun: true } },
          onCompleted: ({ updateRole }, errors) => {
            setAnswer(updateRole?.impact);
            setFault(errors?.map(({ message }) => message).join(' '));
          },
          onError: (error) => setFault(error.message),
        }),
      pauseMs,
    );
    return () => clearTimeout(timer);
  }, [ask, id, asked]);
  if (fault)
    return (
      <div className="note fail" role="status">
        <Icon name="refuse" />
        <div>
          <b>It would be refused.</b> {fault}
        </div>
      </div>
    );
  if (!answer)
    return (
      <p className="quiet" role="status">
        Asking what would change…
      </p>
    );
  return (
    <div role="status" className="stack">
      <div className="tally">
        <div>
          <b>{answer.principalCount}</b>
          <span>people and bots</span>
        </div>
        <div>
          <b className="ok">+{added}</b>
          <span>permissions</span>
        </div>
        <div>
          <b className="fail">−{removed}</b>
          <span>permissions</span>
        </div>
        <div className={answer.escalations > 0 ? 'hot' : ''}>
          <b>{answer.escalations}</b>
          <span>escalations</span>
        </div>
      </div>
      {answer.orphanedTenantKeys.length > 0 && (
        <div className="note fail">
          <Icon name="alert" />
          <div>
            <b>No one but super admins could administer {answer.orphanedTenantKeys.join(', ')}.</b>
          </div>
        </div>
      )}
      {answer.refusals.map(({ message, policy }) => (
        <div className="note fail" key={message}>
          <Icon name="refuse" />
          <div>
            {message} {policy && <span className="quiet">{policy}</span>}
          </div>
        </div>
      ))}
      <ul className="impact">
        {answer.principals.map(({ subjectId, name, gained, lost, hiddenPermissions }) => (
          <li key={subjectId}>
            <div className="line">
              <Who name={name} />
              {gained.some(({ escalation }) => escalation) && (
                <span className="badge warn">
                  <Icon name="escal" />
                  Escalation
                </span>
              )}
            </div>
            <p className="perms">
              {gained.map((one) => (
                <Changed key={`+${one.resource}${one.action}${one.namespaceName}`} sign="+" {...one} />
              ))}
              {lost.map((one) => (
                <Changed key={`-${one.resource}${one.action}${one.namespaceName}`} sign="−" {...one} />
              ))}
              {hiddenPermissions > 0 && <span className="quiet">{hiddenPermissions} more</span>}
            </p>
          </li>
        ))}
      </ul>
      {answer.hiddenPrincipals > 0 && (
        <p className="quiet">{answer.hiddenPrincipals} more, whom you are not allowed to see.</p>
      )}
    </div>
  );
}

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
  </span>
);
