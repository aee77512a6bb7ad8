import { GroupField } from './choices.ts';
import { Icon } from './Icon.tsx';

export interface Picked {
  readonly id: string;
  readonly title: string;
}

interface PickedListProps {
  readonly items: readonly { readonly key: string; readonly title: string; readonly detail?: string | undefined }[];
  readonly remove: (key: string) => void;
}

export function PickedList({ items, remove }: PickedListProps) {
  if (items.length === 0) return null;
  return (
    <ul className="row">
      {items.map(({ key, title, detail }) => (
        <li key={key} className="chip on">
          {title} {detail && <span>{detail}</span>}
          <button type="button" className="chip-x" aria-label={`Remove ${title}`} onClick={() => remove(key)}>
            <Icon name="x" />
          </button>
        </li>
      ))}
    </ul>
  );
}

export interface PickerProps<Item> {
  readonly tenant: string;
  readonly picked: readonly Item[];
  readonly pick: (items: readonly Item[]) => void;
}

/** Several groups, each chosen by a few letters. */
export function GroupsPicker({ tenant, picked, pick }: PickerProps<Picked>) {
  return (
    <div className="stack tight">
      <GroupField
        key={picked.length}
        tenant={tenant}
        name="groups"
        label="Groups"
        isOptional
        placeholder="Add a group"
        value={undefined}
        without={picked.map(({ id }) => id)}
        choose={(id, title) => id !== undefined && pick([...picked, { id, title }])}
      />
      <PickedList
        items={picked.map(({ id, title }) => ({ key: id, title }))}
        remove={(key) => pick(picked.filter(({ id }) => id !== key))}
      />
    </div>
  );
}
