import { choiceFilter } from '../../ui/choice-filter.tsx';
import type { Filter } from '../../ui/Filters.tsx';
import { SelectField } from '../../ui/fields.tsx';
import { textFilter, windowFilter } from '../../ui/run-filters.tsx';
import { kindInWords, kinds } from './search.ts';

/** The filters of the audit log. That of a request is set by a link only. */
export const auditFilters: readonly Filter[] = [
  windowFilter(undefined),
  {
    name: 'kind',
    title: 'Kind',
    inWords: kindInWords,
    field: (value) => (
      <SelectField
        name="kind"
        label="Kind"
        value={value ?? ''}
        options={[{ value: '', title: 'Any' }, ...kinds.map((kind) => ({ value: kind, title: kindInWords(kind) }))]}
      />
    ),
  },
  { ...textFilter('under', 'Namespace', 'Namespace, and below'), inWords: (value) => `${value} and below` },
  textFilter('actor', 'Actor', 'Name of the actor'),
  choiceFilter('by', 'Done by', {
    USER: 'Users',
    SERVICE_ACCOUNT: 'Service accounts',
    SYSTEM: 'The gateway',
    ANONYMOUS: 'Callers who did not sign in',
  }),
  textFilter('namespace', 'Exact namespace', 'Exactly this namespace'),
  textFilter('flow', 'Flow', 'ID of the flow', 'Also its triggers and executions. Name its exact namespace too.'),
  textFilter('execution', 'Execution', 'ID of the execution'),
  textFilter(
    'details',
    'Details',
    'Details',
    'Each as key:value, such as session.method:PASSWORD, with commas between.',
  ),
  {
    name: 'request',
    title: 'Request',
    field: (value) => <input type="hidden" name="request" value={value ?? ''} />,
  },
];
