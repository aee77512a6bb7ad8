import { useState } from 'react';
import { NamespaceField, RoleField } from '../../ui/choices.ts';
import { type Picked, PickedList, type PickerProps } from '../../ui/GroupsPicker.tsx';
import { Icon } from '../../ui/Icon.tsx';
import type { PickedRole } from './Invite.tsx';

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
