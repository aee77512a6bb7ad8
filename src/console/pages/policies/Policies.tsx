import { Link, useSearch } from '@tanstack/react-router';
import { graphql } from 'react-relay/hooks';
import { useMay } from '../../access/viewer.ts';
import type { PoliciesQuery } from '../../generated/PoliciesQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Page } from '../../ui/Page.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { Time } from '../../ui/Time.tsx';
import { useTenant } from '../tenant.ts';
import { ConfigurationEditor } from './ConfigurationEditor.tsx';
import { PolicyState } from './PolicyState.tsx';

const query = graphql`
  query PoliciesQuery($hasEvents: Boolean!) {
    policies {
      name
      description
      builtIn
      ...PolicyState_policy
    }
    policyConfiguration {
      policies
      mayGrant
      acceptedAt
      available {
        name
        description
        mode
      }
    }
    auditEvents(first: 1, where: { resource: [POLICY], outcome: [SUCCESS], kind: [UPDATE] }) @include(if: $hasEvents) {
      nodes {
        id
        at
        actorName
        reason
      }
    }
  }
`;

/** What is in force, since when and by whom; and all settings as one text. */
export function Policies() {
  const tenant = useTenant();
  const { tab } = useSearch({ from: '/t/$tenant/policies' });
  return (
    <Page
      title="Policies"
      crumbs={[{ title: tenant }, { title: 'Oversight' }]}
      tabs={
        <>
          <TabLink title="In force" tab={undefined} open={tab} />
          <TabLink title="As YAML" tab="yaml" open={tab} />
        </>
      }
    >
      <Loaded tenant={tenant} tab={tab} />
    </Page>
  );
}

type Answer = PoliciesQuery['response'];

function Loaded({ tenant, tab }: { tenant: string; tab: string | undefined }) {
  const hasEvents = useMay('AUDITLOG:READ', 'instance');
  const answer = useAnswer<PoliciesQuery>(query, { hasEvents });
  const { policyConfiguration: configuration } = answer;
  if (!configuration || !answer.policies)
    return (
      <Empty icon="policy" title="You do not have permission to see policies">
        <p>
          It needs <code>POLICY:READ</code> for the whole instance.
        </p>
      </Empty>
    );
  if (tab === 'yaml')
    return (
      <ConfigurationEditor
        key={configuration.acceptedAt}
        policies={configuration.policies as Readonly<Record<string, object>>}
        mayGrant={configuration.mayGrant}
      />
    );
  return <List tenant={tenant} answer={answer} />;
}

function List({ tenant, answer }: { tenant: string; answer: Answer }) {
  const configuration = answer.policyConfiguration!;
  const policies = answer.policies!;
  const inForce = new Map(policies.map((one) => [one.name, one]));
  const [last] = answer.auditEvents?.nodes ?? [];
  const builtIn = policies.filter((one) => one.builtIn);
  return (
    <>
      <div className="body slim">
        <div className="note">
          <Icon name="check" />
          <div>
            {configuration.acceptedAt ? (
              <>
                <b>
                  In force since <Time at={configuration.acceptedAt} />
                </b>
                {last && (
                  <>
                    {' '}
                    by {last.actorName}
                    {last.reason && `: ${last.reason}`}
                  </>
                )}
                .
              </>
            ) : (
              <b>Not accepted yet.</b>
            )}{' '}
            A policy can only narrow what roles give.
          </div>
        </div>
      </div>
      <div className="table-wrap">
        <table className="data">
          <caption className="sr">Policies</caption>
          <thead>
            <tr>
              <th scope="col">Policy</th>
              <th scope="col" className="p2">
                What it does
              </th>
              <th scope="col">State</th>
            </tr>
          </thead>
          <tbody>
            {[...configuration.available]
              .sort((a, b) => Number(inForce.has(b.name)) - Number(inForce.has(a.name)) || (a.name < b.name ? -1 : 1))
              .map(({ name, description, mode }) => (
                <tr key={name}>
                  <td className="main-cell">
                    <span className="row">
                      <Link to="/t/$tenant/policies/$policy" params={{ tenant, policy: name }}>
                        {name}
                      </Link>
                      {mode === 'GRANT' && <span className="badge warn">grants</span>}
                    </span>
                  </td>
                  <td className="p2 fluid" title={description}>
                    {description}
                  </td>
                  <td>
                    <PolicyState policy={inForce.get(name)} isConfigured={name in (configuration.policies as object)} />
                  </td>
                </tr>
              ))}
            {builtIn.map(({ name, description }) => (
              <tr key={name}>
                <td className="main-cell">{name}</td>
                <td className="p2 fluid" title={description}>
                  {description}
                </td>
                <td>
                  <span className="badge">part of Gatehouse</span>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
