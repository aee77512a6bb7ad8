import { Link, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import type { ViolationsQuery } from '../../generated/ViolationsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Icon } from '../../ui/Icon.tsx';

const query = graphql`
  query ViolationsQuery($tenant: String!, $after: String, $policies: JSON) {
    tenant(key: $tenant) {
      flowViolations(first: 100, after: $after, policies: $policies) {
        checkedCount
        pageInfo {
          hasNextPage
          endCursor
        }
        violations {
          policy
          reason
          shadow
          flow {
            id
            flowId
            namespaceName
          }
        }
      }
    }
  }
`;

export interface ViolationsProps {
  readonly tenant: string;
  readonly policy: string;
  /** Settings that are not in force. Omit for those in force. */
  readonly proposed: object | undefined;
}

/** Flows of the tenant that a policy would refuse to save: with its settings in force, or with proposed ones. */
export function Violations({ tenant: key, policy, proposed }: ViolationsProps) {
  const { after } = useSearch({ from: '/t/$tenant/policies/$policy' });
  const { tenant } = useAnswer<ViolationsQuery>(query, {
    tenant: key,
    after: after ?? null,
    policies: proposed ?? null,
  });
  const found = tenant?.flowViolations;
  if (!found)
    return (
      <Empty icon="flow" title="You do not have permission to see flows">
        <p>
          It needs <code>FLOW:READ</code> in the tenant, or in a namespace of it.
        </p>
      </Empty>
    );
  const { checkedCount, pageInfo } = found;
  const own = found.violations.filter((one) => one.policy === policy);
  const count = `${own.length} of the ${checkedCount} flows checked here`;
  const settings = proposed ? 'With the proposed settings' : 'With the settings in force';
  return (
    <section className="stack gap" aria-label="Flows that break the rules">
      <div className={`note ${own.length > 0 ? 'warn' : 'ok'}`} role="status">
        <Icon name={own.length > 0 ? 'alert' : 'check'} />
        <div>
          <b>
            {own.length === 0
              ? `None of the ${checkedCount} flows checked here breaks a rule.`
              : `${count} ${own.length === 1 ? 'breaks' : 'break'} a rule.`}
          </b>{' '}
          {settings}, in the tenant {key}. A flow that breaks one keeps running, and cannot be saved again.
        </div>
      </div>
      {own.length > 0 && (
        <ul className="card list">
          {own.map(({ flow, reason, shadow }) => (
            <li key={`${flow.id} ${reason}`}>
              <span className="grow">
                <Link
                  to="/t/$tenant/flows/$namespace/$flow"
                  params={{ tenant: key, namespace: flow.namespaceName, flow: flow.flowId }}
                  search={{ tab: 'editor' }}
                >
                  {flow.namespaceName}.{flow.flowId}
                </Link>
                <span className="sub">{reason}</span>
              </span>
              {shadow && <span className="badge">in shadow</span>}
            </li>
          ))}
        </ul>
      )}
      <div className="row">
        {after !== undefined && (
          <Link className="btn sm" to="." search={((before: object) => ({ ...before, after: undefined })) as never}>
            From the first flow
          </Link>
        )}
        {pageInfo.hasNextPage && (
          <Link
            className="btn sm"
            to="."
            search={((before: object) => ({ ...before, after: pageInfo.endCursor ?? undefined })) as never}
          >
            Check the next flows
          </Link>
        )}
      </div>
    </section>
  );
}
