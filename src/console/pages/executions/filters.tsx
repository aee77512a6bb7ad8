import type { Filter } from '../../ui/Filters.tsx';
import { SelectField } from '../../ui/fields.tsx';
import {
  flowFilter,
  labelFilter,
  stateFilter,
  textFilter,
  timeFilter,
  underFilter,
  windowFilter,
} from '../../ui/run-filters.tsx';
import { usualWindow } from './search.ts';

export const executionFilters = (tenant: string, hasRange: boolean): readonly Filter[] => [
  ...(hasRange ? [] : [windowFilter(usualWindow)]),
  timeFilter('from', 'From'),
  timeFilter('until', 'Until'),
  stateFilter(),
  underFilter(tenant),
  flowFilter,
  textFilter('trigger', 'Trigger', 'ID of the trigger'),
  labelFilter,
  {
    name: 'child',
    title: 'Started by',
    inWords: (value) => (value === 'yes' ? 'another execution' : 'no other execution'),
    field: (value) => (
      <SelectField
        name="child"
        label="Started by another execution"
        value={value ?? ''}
        options={[
          { value: '', title: 'Any' },
          { value: 'yes', title: 'Yes' },
          { value: 'no', title: 'No' },
        ]}
      />
    ),
  },
];
