import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, Suspense, useDeferredValue, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { QuestionFormQuery } from '../../generated/QuestionFormQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { Choice, type Option } from '../../ui/Choice.tsx';
import { FaultBoundary } from '../../ui/FaultBoundary.tsx';
import type { Question } from './question.ts';

const query = graphql`
  query QuestionFormQuery($tenant: String!, $user: UserWhere, $account: ServiceAccountWhere, $namespace: NamespaceWhere) {
    permissionCatalog {
      resource
      permissions {
        action
        gates
        level
      }
    }
    tenant(key: $tenant) {
      users(first: 20, where: $user) {
        nodes {
          id
          username
        }
      }
      serviceAccounts(first: 20, where: $account) {
        nodes {
          id
          name
        }
      }
      namespaces(first: 50, where: $namespace) {
        nodes {
          name
        }
      }
    }
  }
`;

interface QuestionFormProps {
  readonly tenant: string;
  readonly question: Question;
}

/** The question as a sentence. Each part is a choice that can be searched. */
export function QuestionForm(props: QuestionFormProps) {
  return (
    <FaultBoundary>
      <Suspense fallback={<div className="ask" />}>
        <Sentence {...props} />
      </Suspense>
    </FaultBoundary>
  );
}

function Sentence({ tenant: key, question }: QuestionFormProps) {
  const navigate = useNavigate();
  const [whoText, setWho] = useState('');
  const [whereText, setWhere] = useState('');
  // The present options stay while the next ones load.
  const who = useDeferredValue(whoText);
  const where = useDeferredValue(whereText);
  const { permissionCatalog, tenant } = useAnswer<QuestionFormQuery>(query, {
    tenant: key,
    user: who ? { text: who } : null,
    account: who ? { text: who } : null,
    namespace: where ? { text: where } : null,
  });
  const ask = (change: Question) =>
    void navigate({ to: '.', search: ((before: Question) => ({ ...before, ...change })) as never, replace: true });
  const people: Option[] = [
    ...(tenant?.users?.nodes ?? []).map(({ id, username }) => ({ id, title: username, detail: 'user' })),
    ...(tenant?.serviceAccounts?.nodes ?? []).map(({ id, name }) => ({ id, title: name, detail: 'service account' })),
  ];
  const permissions: Option[] = permissionCatalog.flatMap(({ resource, permissions: own }) =>
    own
      .filter(({ level }) => level !== 'INSTANCE')
      .map(({ action, gates }) => ({ id: `${resource}:${action}`, title: `${resource}:${action}`, detail: gates })),
  );
  const inNamespaces = new Set(
    permissionCatalog.flatMap(({ resource, permissions: own }) =>
      own.filter(({ level }) => level === 'NAMESPACE').map(({ action }) => `${resource}:${action}`),
    ),
  );
  const namespaces: Option[] = (tenant?.namespaces?.nodes ?? []).map(({ name }) => ({ id: name, title: name }));
  return (
    <search className="ask">
      <Word>May</Word>
      <Choice label="Who" options={people} value={question.who} search={setWho} choose={(id) => ask({ who: id })} />
      <Choice
        label="Permission"
        options={permissions}
        value={question.may}
        choose={(id) => ask({ may: id, ...(!inNamespaces.has(id ?? '') && { namespace: undefined }) })}
      />
      <Word>in</Word>
      <Choice
        label="Namespace"
        placeholder="the whole tenant"
        options={namespaces}
        value={question.namespace}
        search={setWhere}
        choose={(id) => ask({ namespace: id })}
      />
      <Word>as of</Word>
      <input
        className="input when"
        type="datetime-local"
        aria-label="Time; empty for now"
        value={question.at?.slice(0, 16) ?? ''}
        onChange={({ target }) => ask({ at: target.value === '' ? undefined : target.value })}
      />
      <Word>?</Word>
    </search>
  );
}

const Word = ({ children }: { children: ReactNode }) => <span>{children}</span>;
