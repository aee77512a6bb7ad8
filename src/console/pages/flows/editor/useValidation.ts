import { useEffect, useState } from 'react';
import { graphql, useRelayEnvironment } from 'react-relay/hooks';
import { commitMutation } from 'relay-runtime';
import type { useValidationMutation } from '../../../generated/useValidationMutation.graphql.ts';
import type { LineIssue } from '../../../ui/editor/TextEditor.tsx';

const validate = graphql`
  mutation useValidationMutation($input: ValidateFlowInput!) {
    validateFlow(input: $input) {
      valid
      flowId
      namespaceName
      issues {
        line
        message
        path
      }
    }
  }
`;

export interface Validation {
  /** The text that was checked. */
  readonly text: string;
  readonly issues: readonly LineIssue[];
  readonly flowId?: string | null | undefined;
  readonly namespaceName?: string | null | undefined;
}

/** A pause in the typing, after which the text is checked. */
const pauseMs = 400;

/** Checks a source as saving it does, after each pause in the typing. Undefined until the first answer. */
export function useValidation(tenantKey: string, text: string): Validation | undefined {
  const environment = useRelayEnvironment();
  const [found, setFound] = useState<Validation>();
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(() => {
      commitMutation<useValidationMutation>(environment, {
        mutation: validate,
        variables: { input: { tenantKey, source: text } },
        onCompleted: ({ validateFlow }) => {
          if (isCurrent && validateFlow) setFound({ text, ...validateFlow });
        },
        // Saving reports what is wrong. A check that fails changes nothing.
        onError: () => undefined,
      });
    }, pauseMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [environment, tenantKey, text]);
  return found;
}
