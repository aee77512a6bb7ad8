import { useParams, useSearch } from '@tanstack/react-router';
import { Suspense, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { useMay } from '../../access/viewer.ts';
import type { PolicyQuery } from '../../generated/PolicyQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Empty } from '../../ui/Empty.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { Page } from '../../ui/Page.tsx';
import { Skeleton } from '../../ui/Skeleton.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { useTenant } from '../tenant.ts';
import { read, textOf } from './ConfigurationEditor.tsx';
import { PolicyState } from './PolicyState.tsx';
import { Proposal } from './Proposal.tsx';
import { SchemaForm } from './SchemaForm.tsx';
import { type Schema, type Settings, withoutEmpty } from './schema.ts';
import { Violations } from './Violations.tsx';

/** The policy that judges a flow by its content. */
const judgesFlows = 'flow-rules';

const query = graphql`
  query PolicyQuery {
    policies {
      name
      ...PolicyState_policy
    }
    policyConfiguration {
      policies
      mayGrant
      acceptedAt
      available {
        name
        description
        settingsSchema
      }
    }
  }
`;

/** One policy: what it does, whether it is in force, and its settings as a form or as YAML. */
export function Policy() {
  const tenant = useTenant();
  const { policy: name } = useParams({ from: '/t/$tenant/policies/$policy' });
  return <Loaded key={name} tenant={tenant} name={name} />;
}

function Loaded({ tenant, name }: { tenant: string; name: string }) {
  const { tab } = useSearch({ from: '/t/$tenant/policies/$policy' });
  const { policies, policyConfiguration } = useAnswer<PolicyQuery>(query, {});
  const known = policyConfiguration?.available.find((one) => one.name === name);
  const crumbs = [{ title: tenant }, { title: 'Policies', to: `/t/${tenant}/policies` }];
  if (!known || !policyConfiguration)
    return (
      <Page title={name} crumbs={crumbs}>
        <Empty icon="policy" title="This policy does not exist">
          <p>This gateway has no file of it, or you are not allowed to see policies.</p>
        </Empty>
      </Page>
    );
  const all = policyConfiguration.policies as Readonly<Record<string, Settings>>;
  return (
    <Page
      title={name}
      crumbs={crumbs}
      beside={<PolicyState policy={policies?.find((one) => one.name === name)} isConfigured={name in all} />}
      tabs={
        <>
          <TabLink title="Settings" tab={undefined} open={tab} />
          <TabLink title="As YAML" tab="yaml" open={tab} />
          {name === judgesFlows && <TabLink title="Flows that break them" tab="flows" open={tab} />}
        </>
      }
    >
      <Editor
        key={policyConfiguration.acceptedAt}
        name={name}
        description={known.description}
        schema={known.settingsSchema as Schema}
        all={all}
        mayGrant={policyConfiguration.mayGrant}
        tenant={tenant}
        tab={tab}
      />
    </Page>
  );
}

interface EditorProps {
  readonly name: string;
  readonly description: string;
  readonly schema: Schema;
  readonly all: Readonly<Record<string, Settings>>;
  readonly mayGrant: readonly string[];
  readonly tenant: string;
  readonly tab: string | undefined;
}

function Editor({ name, description, schema, all, mayGrant, tenant, tab }: EditorProps) {
  const before = all[name] ?? {};
  const [value, setValue] = useState<Settings>(before);
  const [text, setText] = useState<string>();
  const mayChange = useMay('POLICY:UPDATE', 'instance');
  const found = text === undefined ? undefined : read(text);
  const { enabled = true, shadow = false, ...own } = value;
  const isChanged = JSON.stringify(value) !== JSON.stringify(before);
  const proposed = { ...all, [name]: withoutEmpty(value) as object };
  const change = (next: Settings) => {
    setValue(next);
    setText(undefined);
  };
  return (
    <div className={isChanged ? 'split' : ''}>
      <div className="body">
        <p className="second">{description}</p>
        {!mayChange && (
          <div className="note gap">
            <Icon name="lock" />
            <div>
              To change it, you need <code>POLICY:UPDATE</code> for the whole instance.
            </div>
          </div>
        )}
        {tab === 'flows' && (
          <Suspense fallback={<Skeleton />}>
            <Violations tenant={tenant} policy={name} proposed={isChanged && mayChange ? proposed : undefined} />
          </Suspense>
        )}
        {tab !== 'flows' && (
          <fieldset className="form read gap plain" disabled={!mayChange}>
            <legend className="sr">Settings of {name}</legend>
            {tab === 'yaml' ? (
              <>
                <textarea
                  className="input mono code"
                  aria-label="Settings as YAML"
                  rows={14}
                  value={text ?? textOf(value)}
                  spellCheck={false}
                  onChange={({ target }) => {
                    setText(target.value);
                    const next = read(target.value);
                    if ('value' in next && typeof next.value === 'object') setValue((next.value ?? {}) as Settings);
                  }}
                />
                {found && 'fault' in found && (
                  <p className="fault" role="alert">
                    <Icon name="alert" />
                    <span>{found.fault}</span>
                  </p>
                )}
              </>
            ) : (
              <>
                <div className="row wide">
                  <Mode label="In force" isOn={enabled === true} change={(is) => change({ ...value, enabled: is })} />
                  <Mode
                    label="In shadow: record what it would refuse, and refuse nothing"
                    isOn={shadow === true}
                    change={(is) => change({ ...value, shadow: is })}
                  />
                </div>
                <SchemaForm
                  schema={schema}
                  value={own}
                  change={(next) =>
                    change({
                      ...('enabled' in value && { enabled }),
                      ...('shadow' in value && { shadow }),
                      ...next,
                    })
                  }
                />
              </>
            )}
          </fieldset>
        )}
      </div>
      {isChanged && <Proposal policies={proposed} mayGrant={mayGrant} discard={() => change(before)} />}
    </div>
  );
}

function Mode({ label, isOn, change }: { label: string; isOn: boolean; change: (isOn: boolean) => void }) {
  return (
    <label className="check">
      <input type="checkbox" checked={isOn} onChange={({ target }) => change(target.checked)} />
      <span>{label}</span>
    </label>
  );
}
