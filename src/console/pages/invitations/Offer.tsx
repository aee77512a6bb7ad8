import { useState } from 'react';
import { GroupField, NamespaceField, RoleField } from '../../ui/choices.ts';
import { Icon } from '../../ui/Icon.tsx';
import type { Picked, PickedRole } from './Invite.tsx';

interface PickedListProps {
  readonly items: readonly { readonly key: string; readonly title: string; readonly detail?: string | undefined }[];
  readonly remove: (key: string) => void;
}

function PickedList({ items, remove }: PickedListProps) {
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

interface PickerProps<Item> {
  readonly tenant: string;
  readonly picked: readonly Item[];
  readonly pick: (items: readonly Item[]) => void;
}

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

const keyOf = ({ role, namespaceName }: PickedRole): string => `${role} ${namespaceName ?? ''}`;

export function RolesPicker({ tenant, picked, pick }: PickerProps<PickedRole>) {
  const [role, setRole] = useState<Picked>();
  const [namespaceName, setNamespace] = useState<string>();
  const add = () => {
    if (role === undefined) return;
    const added = { role: role.id, title: role.title, namespaceName };
    if (!picked.some((one) => keyOf(one) === keyOf(added))) pick([...picked, added]);
    setRole(undefined);
    setNamespace(undefined);
  };
  return (
    <div className="stack tight">
      <div className="form-pair" key={picked.length}>
        <RoleField
          tenant={tenant}
          name="bindings"
          label="Roles"
          isOptional
          placeholder="Choose a role"
          value={role?.id}
          choose={(id, title) => setRole(id === undefined ? undefined : { id, title })}
        />
        <NamespaceField
          tenant={tenant}
          name="bindingNamespace"
          label="Where"
          isOptional
          placeholder="The whole tenant"
          value={namespaceName}
          choose={setNamespace}
        />
      </div>
      <div className="row">
        <button type="button" className="btn sm" disabled={role === undefined} onClick={add}>
          <Icon name="plus" />
          Add this role
        </button>
      </div>
      <PickedList
        items={picked.map((one) => ({
          key: keyOf(one),
          title: one.title,
          detail: `in ${one.namespaceName ?? 'the whole tenant'}`,
        }))}
        remove={(key) => pick(picked.filter((one) => keyOf(one) !== key))}
      />
    </div>
  );
}
