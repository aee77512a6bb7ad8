import { builder } from '../../../graphql/builder.ts';
import { itemErrorField } from '../../../graphql/mutation/items.ts';
import type { ReportResult } from './report-items.ts';

const ReportOutcome = builder.enumType('ReportOutcome', {
  description: 'Outcome of one item of a report.',
  values: {
    APPLIED: { description: 'The item was stored.' },
    IGNORED: { description: 'The item was ignored: a report of the same or a later sequence is stored.' },
  },
});
export const ReportResultRef = builder.objectRef<ReportResult>('ReportResult').implement({
  description: 'Result for one item of a report, at the same list position.',
  fields: (t) => ({
    outcome: t.field({
      type: ReportOutcome,
      nullable: true,
      description: 'Outcome; null if the item was refused.',
      resolve: ({ outcome }) => outcome,
    }),
    error: itemErrorField(t, ({ error }) => error && { error }),
  }),
});
