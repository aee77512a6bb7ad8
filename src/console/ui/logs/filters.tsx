import type { Filter } from '../Filters.tsx';
import { SelectField } from '../fields.tsx';
import { textFilter } from '../run-filters.tsx';
import { levels } from './line.ts';

const titles: Readonly<Record<string, string>> = {
  TRACE: 'Trace and above',
  DEBUG: 'Debug and above',
  INFO: 'Info and above',
  WARN: 'Warnings and errors',
  ERROR: 'Errors',
};

/** A severity or a higher one. */
export const levelFilter: Filter = {
  name: 'level',
  title: 'Level',
  inWords: (value) => titles[value] ?? value,
  field: (value) => (
    <SelectField
      name="level"
      label="Level"
      value={value ?? ''}
      options={[
        { value: '', title: 'All' },
        ...levels.map((level) => ({ value: level, title: titles[level] ?? level })),
      ]}
    />
  ),
};

export const taskFilter = textFilter('task', 'Task', 'ID of the task');
