import type { Filter } from './Filters.tsx';
import { SelectField } from './fields.tsx';

/** A filter by one of a few values. @param titles by value. */
export const choiceFilter = (name: string, title: string, titles: Readonly<Record<string, string>>): Filter => ({
  name,
  title,
  inWords: (value) => titles[value] ?? value,
  field: (value) => (
    <SelectField
      name={name}
      label={title}
      value={value ?? ''}
      options={[
        { value: '', title: 'Any' },
        ...Object.entries(titles).map(([one, words]) => ({ value: one, title: words })),
      ]}
    />
  ),
});
