import { useSearch } from '@tanstack/react-router';
import { Page } from '../../ui/Page.tsx';
import { useTenant } from '../tenant.ts';
import { Answer } from './Answer.tsx';
import { QuestionForm } from './QuestionForm.tsx';
import { isComplete, type Question } from './question.ts';

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
          <p className="second">Choose who, what and where. The answer says by which way, and what each policy said.</p>
        </div>
      )}
    </Page>
  );
}
