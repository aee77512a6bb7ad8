import { type ReactNode, useState } from 'react';
import type { GraphQLTaggedNode } from 'relay-runtime';
import type { Act } from '../relay/act.ts';
import { FormDialog, type Values } from './FormDialog.tsx';
import { ItemResults } from './ItemResults.tsx';
import { toast } from './toast.ts';

/** The result for one object. */
export interface ItemResult {
  readonly error: { readonly message: string } | null | undefined;
}

export interface ManyDialogProps<Operation extends Act> {
  readonly title: string;
  /** The objects, in the order of the results. */
  readonly names: readonly string[];
  readonly mutation: GraphQLTaggedNode;
  readonly inputOf: (values: Values) => Operation['variables']['input'];
  readonly resultsOf: (answer: Operation['response']) => readonly ItemResult[] | null | undefined;
  readonly submit: string;
  readonly isDanger?: boolean;
  /** Says that all of them are done. */
  readonly doneTitle: string;
  readonly done: () => void;
  readonly close: () => void;
  readonly children?: ReactNode;
}

/** One change of many objects. If some of them are refused, it says of each how it went. */
export function ManyDialog<Operation extends Act>(props: ManyDialogProps<Operation>) {
  const { title, names, mutation, inputOf, resultsOf, submit, isDanger = false, doneTitle, done, close } = props;
  // The rows at the start: some leave the list when they are done.
  const [tried, setTried] = useState<{ names: readonly string[]; faults: readonly (string | undefined)[] }>();
  if (tried)
    return (
      <ItemResults
        title={title}
        names={tried.names}
        faults={tried.faults}
        close={() => {
          done();
          close();
        }}
      />
    );
  return (
    <FormDialog<Operation>
      title={title}
      mutation={mutation}
      inputOf={inputOf}
      submit={submit}
      isDanger={isDanger}
      done={(answer) => {
        const faults = (resultsOf(answer) ?? []).map(({ error }) => error?.message);
        if (faults.some((fault) => fault !== undefined)) return setTried({ names, faults });
        toast(doneTitle);
        done();
        close();
      }}
      close={close}
    >
      {props.children}
      <ul className="card list results" aria-label="Each one">
        {names.map((name) => (
          <li key={name}>
            <span className="grow cut">{name}</span>
          </li>
        ))}
      </ul>
    </FormDialog>
  );
}
