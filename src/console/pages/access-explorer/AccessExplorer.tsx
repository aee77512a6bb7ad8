import { useSearch } from '@tanstack/react-router';
import { Suspense } from 'react';
import { Page } from '../../ui/Page.tsx';
import { Skeleton } from '../../ui/Skeleton.tsx';
import { useTenant } from '../tenant.ts';
import { Answer } from './Answer.tsx';
import { QuestionForm } from './QuestionForm.tsx';
import { hasPermission, isComplete, type Question } from './question.ts';
import { WhoElse } from './WhoElse.tsx';

/** Answers whether a user or a service account has a permission, and why. The question is in the address. */
export function AccessExplorer() {
  const tenant = useTenant();
  const question: Question = useSearch({ from: '/t/$tenant/access-explorer' });
  return (
    <Page
      title="Access explorer"
      crumbs={[{ title: tenant }, { title: 'Access' }]}
      filters={<QuestionForm tenant={tenant} question={question} />}
    >
      {isComplete(question) ? (
        <Answer tenant={tenant} question={question} />
      ) : (
        <div className="body">
          <p className="second">
            Choose who, what and where. The answer says by which way, and what each policy said. Omit who to list
            everyone who can, now or at a past time.
          </p>
          {hasPermission(question) && (
            <Suspense fallback={<Skeleton />}>
              <WhoElse tenant={tenant} question={question} />
            </Suspense>
          )}
        </div>
      )}
    </Page>
  );
}
