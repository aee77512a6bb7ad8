import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { graphql, useFragment } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { FirstFlow_tenant$key } from '../../generated/FirstFlow_tenant.graphql.ts';
import type { FirstFlowMutation } from '../../generated/FirstFlowMutation.graphql.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';

const fragment = graphql`
  fragment FirstFlow_tenant on Tenant {
    blueprints(first: 20, where: { kind: CATALOGUE }) {
      nodes {
        id
        title
        description
        tags
      }
    }
  }
`;

const use = graphql`
  mutation FirstFlowMutation($input: UseBlueprintInput!) {
    useBlueprint(input: $input) {
      flow {
        id
        flowId
        namespaceName
      }
    }
  }
`;

/** Tags of the blueprints that the tour offers, in order. */
const offered = ['Start here', 'Control flow'];
const maxOffered = 3;
const rank = (tags: readonly string[]): number => {
  const ranks = tags.map((tag) => offered.indexOf(tag)).filter((place) => place >= 0);
  return ranks.length === 0 ? offered.length : Math.min(...ranks);
};

export interface FirstFlowProps {
  readonly tenant: string;
  readonly found: FirstFlow_tenant$key;
  /** @param flow as NAMESPACE/FLOW */
  readonly done: (flow: string) => void;
}

/** Creates a flow from one of a few blueprints. */
export function FirstFlow({ tenant: key, found, done }: FirstFlowProps) {
  const tenant = useFragment(fragment, found);
  const [chosen, setChosen] = useState<{ readonly id: string; readonly title: string }>();
  const blueprints = [...(tenant.blueprints?.nodes ?? [])]
    .sort((a, b) => rank(a.tags) - rank(b.tags))
    .slice(0, maxOffered);
  return (
    <>
      <p>A flow is a list of tasks, as YAML. Start from a blueprint:</p>
      <ul className="cards">
        {blueprints.map(({ id, title, description }) => (
          <li key={id} className="card tile">
            <span className="strong">{title}</span>
            <span className="quiet">{description}</span>
            <span>
              <ActionButton
                permission={needs.useBlueprint}
                className="sm"
                label={`Use ${title}`}
                onPress={() => setChosen({ id, title })}
              >
                Use
              </ActionButton>
            </span>
          </li>
        ))}
      </ul>
      <p className="quiet">
        Or{' '}
        <Link to="/t/$tenant/flows/new" params={{ tenant: key }}>
          write one yourself
        </Link>
        .
      </p>
      {chosen && (
        <FormDialog<FirstFlowMutation>
          title={chosen.title}
          mutation={use}
          submit="Create the flow"
          hasReason={false}
          inputOf={(values) => ({
            tenantKey: key,
            blueprint: chosen.id,
            namespaceName: values.text('namespaceName') ?? '',
            ...(values.text('flowId') !== undefined && { flowId: values.text('flowId') }),
          })}
          done={({ useBlueprint: answer }) => {
            setChosen(undefined);
            const flow = answer?.flow;
            if (!flow) return;
            toast(`Flow ${flow.flowId} created`);
            done(`${flow.namespaceName}/${flow.flowId}`);
          }}
          close={() => setChosen(undefined)}
        >
          <TextField
            name="namespaceName"
            label="Namespace"
            value="company.team"
            hint="Flows of a team are in one namespace. It is created with the flow."
            autoFocus
          />
          <TextField name="flowId" label="Flow ID" isOptional hint="Without one, it is that of the blueprint." />
        </FormDialog>
      )}
    </>
  );
}
