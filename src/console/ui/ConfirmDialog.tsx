import { type ReactNode, useEffect, useState } from 'react';
import type { GraphQLTaggedNode } from 'relay-runtime';
import type { Impact_impact$key } from '../generated/Impact_impact.graphql.ts';
import { type Act, useAct } from '../relay/act.ts';
import { Dialog } from './Dialog.tsx';
import { Faults } from './Faults.tsx';
import { ActForm } from './FormDialog.tsx';
import { Impact } from './Impact.tsx';

export interface ConfirmDialogProps<Operation extends Act> {
  readonly title: string;
  readonly mutation: GraphQLTaggedNode;
  readonly input: Operation['variables']['input'];
  /** The effect on access in the answer of the dry run. Omit for a mutation without a dry run. */
  readonly impactOf?: (answer: Operation['response']) => Impact_impact$key | null | undefined;
  readonly submit: string;
  readonly isDanger?: boolean;
  readonly hasReason?: boolean;
  readonly done: (answer: Operation['response']) => void;
  readonly close: () => void;
  /** What the change means, in a sentence. */
  readonly children?: ReactNode;
}

/** Asks before a change, and shows by a dry run who gains and loses what. */
export function ConfirmDialog<Operation extends Act>(props: ConfirmDialogProps<Operation>) {
  const { title, mutation, input, impactOf, submit, isDanger = false, hasReason = true, done, close, children } = props;
  return (
    <Dialog title={title} close={close}>
      {children}
      {impactOf && <DryRun<Operation> mutation={mutation} input={input} impactOf={impactOf} />}
      <ActForm<Operation>
        mutation={mutation}
        inputOf={() => input}
        done={done}
        submit={submit}
        isDanger={isDanger}
        hasReason={hasReason}
        cancel={close}
      />
    </Dialog>
  );
}

type DryRunProps<Operation extends Act> = Pick<
  Required<ConfirmDialogProps<Operation>>,
  'mutation' | 'input' | 'impactOf'
>;

/** A pause in which further changes of the input join the question. */
const pauseMs = 300;

export function DryRun<Operation extends Act>({ mutation, input, impactOf }: DryRunProps<Operation>) {
  const { run, faults } = useAct<Operation>(mutation);
  const [answer, setAnswer] = useState<Operation['response']>();
  const asked = JSON.stringify(input);
  useEffect(() => {
    let isCurrent = true;
    const timer = setTimeout(async () => {
      const found = await run({ ...JSON.parse(asked), dryRun: true });
      if (isCurrent) setAnswer(found);
    }, pauseMs);
    return () => {
      isCurrent = false;
      clearTimeout(timer);
    };
  }, [run, asked]);
  const impact = answer === undefined ? undefined : impactOf(answer);
  if (faults.length > 0) return <Faults faults={faults} />;
  return (
    <div role="status">{impact ? <Impact impact={impact} /> : <p className="quiet">Asking what would change…</p>}</div>
  );
}
