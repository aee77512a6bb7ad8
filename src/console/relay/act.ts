import { useCallback, useRef, useState } from 'react';
import { useRelayEnvironment } from 'react-relay/hooks';
import { commitMutation, type GraphQLTaggedNode, type IEnvironment, type MutationParameters } from 'relay-runtime';
import { type Fault, faultsIn } from './fault.ts';
import { refresh } from './refresh.ts';

/** A mutation with one input, like all of the API. */
export interface Act extends MutationParameters {
  readonly variables: { readonly input: object };
}

const commit = <Operation extends Act>(
  environment: IEnvironment,
  mutation: GraphQLTaggedNode,
  variables: object,
): Promise<Operation['response']> =>
  new Promise((resolve, reject) =>
    commitMutation<Operation>(environment, {
      mutation,
      variables: variables as Operation['variables'],
      onCompleted: resolve,
      onError: reject,
    }),
  );

/** A random key, also where the page is not in a secure context. */
const newKey = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');

export interface Acting<Operation extends Act> {
  /** Returns the answer, or undefined if it was refused; `faults` then say why. */
  readonly run: (
    input: Operation['variables']['input'],
    more?: Omit<Operation['variables'], 'input'>,
  ) => Promise<Operation['response'] | undefined>;
  readonly isBusy: boolean;
  readonly faults: readonly Fault[];
  readonly clear: () => void;
}

/**
 * Changes something. The same input is sent with the same key until it succeeds, so a retry after a lost answer does not
 * change it twice. Afterwards the page asks again for what it shows.
 */
export function useAct<Operation extends Act>(mutation: GraphQLTaggedNode): Acting<Operation> {
  const environment = useRelayEnvironment();
  const [isBusy, setIsBusy] = useState(false);
  const [faults, setFaults] = useState<readonly Fault[]>([]);
  const last = useRef({ text: '', key: '' });
  const run = useCallback(
    async (input: object, more: object = {}) => {
      const text = JSON.stringify(input);
      if (last.current.text !== text) last.current = { text, key: newKey() };
      const isDryRun = (input as { dryRun?: boolean }).dryRun === true;
      setIsBusy(true);
      setFaults([]);
      try {
        const keyed = isDryRun ? input : { ...input, idempotencyKey: last.current.key };
        const answer = await commit<Operation>(environment, mutation, { ...more, input: keyed });
        if (!isDryRun) {
          last.current = { text: '', key: '' };
          refresh();
        }
        return answer;
      } catch (error) {
        setFaults(faultsIn(error));
        return undefined;
      } finally {
        setIsBusy(false);
      }
    },
    [environment, mutation],
  );
  const clear = useCallback(() => setFaults([]), []);
  return { run, isBusy, faults, clear };
}
