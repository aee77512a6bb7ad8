import { useEffect, useState } from 'react';
import { graphql, useRelayEnvironment } from 'react-relay/hooks';
import { useViewer } from '../access/viewer.ts';
import type { useFoundQuery } from '../generated/useFoundQuery.graphql.ts';
import { ask } from '../relay/ask.ts';
import type { IconName } from '../ui/drawings.tsx';

const query = graphql`
  query useFoundQuery(
    $tenant: String!
    $text: String!
    $execution: String!
    $hasExecutions: Boolean!
    $hasFlows: Boolean!
    $hasNamespaces: Boolean!
    $hasUsers: Boolean!
    $hasGroups: Boolean!
  ) {
    tenant(key: $tenant) {
      flows(first: 6, where: { text: $text }) @include(if: $hasFlows) {
        nodes {
          id
          flowId
          namespaceName
        }
      }
      namespaces(first: 4, where: { text: $text }) @include(if: $hasNamespaces) {
        nodes {
          id
          name
        }
      }
      users(first: 4, where: { text: $text }) @include(if: $hasUsers) {
        nodes {
          id
          username
        }
      }
      groups(first: 4, where: { text: $text }) @include(if: $hasGroups) {
        nodes {
          id
          name
        }
      }
      execution(executionId: $execution) @include(if: $hasExecutions) {
        id
        executionId
        flowId
      }
    }
  }
`;

export interface Place {
  /** Its address. */
  readonly id: string;
  readonly title: string;
  readonly icon: IconName;
  readonly kind: string;
}

const pauseMs = 200;
const minLetters = 2;

function placesOf(key: string, { tenant }: useFoundQuery['response']): readonly Place[] {
  const at = (...parts: readonly string[]) => ['/t', ...[key, ...parts].map(encodeURIComponent)].join('/');
  return [
    ...(tenant?.execution
      ? [
          {
            id: at('executions', tenant.execution.executionId),
            title: `${tenant.execution.executionId} of ${tenant.execution.flowId}`,
            icon: 'play' as const,
            kind: 'Execution',
          },
        ]
      : []),
    ...(tenant?.flows?.nodes ?? []).map(({ flowId, namespaceName }) => ({
      id: at('flows', namespaceName, flowId),
      title: `${namespaceName}.${flowId}`,
      icon: 'flow' as const,
      kind: 'Flow',
    })),
    ...(tenant?.namespaces?.nodes ?? []).map(({ name }) => ({
      id: at('namespaces', name),
      title: name,
      icon: 'ns' as const,
      kind: 'Namespace',
    })),
    ...(tenant?.users?.nodes ?? []).map(({ id, username }) => ({
      id: at('users', id),
      title: username,
      icon: 'user' as const,
      kind: 'User',
    })),
    ...(tenant?.groups?.nodes ?? []).map(({ id, name }) => ({
      id: at('groups', id),
      title: name,
      icon: 'group' as const,
      kind: 'Group',
    })),
  ];
}

/** Objects of the tenant whose names contain a text, and the execution with this ID. Asks when the typing pauses. */
export function useFound(tenant: string | undefined, typed: string): readonly Place[] {
  const environment = useRelayEnvironment();
  const { inTenant } = useViewer();
  const [found, setFound] = useState<readonly Place[]>([]);
  const text = typed.trim();
  useEffect(() => {
    if (tenant === undefined || text.length < minLetters) return setFound([]);
    let isCurrent = true;
    const timer = setTimeout(async () => {
      // What the viewer is not allowed to see is not asked for: each refusal is an event of the audit log.
      const asked = {
        hasExecutions: inTenant.has('EXECUTION:READ'),
        hasFlows: inTenant.has('FLOW:READ'),
        hasNamespaces: inTenant.has('NAMESPACE:READ'),
        hasUsers: inTenant.has('TENANT_ACCESS:READ'),
        hasGroups: inTenant.has('GROUP:READ'),
      };
      const variables = { tenant, text, execution: text, ...asked };
      const answer = await ask<useFoundQuery>(environment, query, variables, false).catch(() => undefined);
      if (isCurrent) setFound(answer ? placesOf(tenant, answer) : []);
    }, pauseMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [environment, tenant, text, inTenant]);
  return found;
}
