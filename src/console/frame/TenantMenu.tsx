import { useNavigate } from '@tanstack/react-router';
import type { RefObject } from 'react';
import { Menu, MenuItem, Popover } from 'react-aria-components';
import { Icon } from '../ui/Icon.tsx';

export interface TenantMenuProps {
  readonly button: RefObject<HTMLButtonElement | null>;
  readonly tenants: readonly { readonly key: string; readonly name: string }[];
  readonly tenant: string | undefined;
  readonly close: () => void;
}

export function TenantMenu({ button, tenants, tenant, close }: TenantMenuProps) {
  const navigate = useNavigate();
  return (
    <Popover
      className="pop menu"
      triggerRef={button}
      isOpen
      onOpenChange={(isOpen) => !isOpen && close()}
      placement="bottom start"
    >
      <Menu
        aria-label="Tenants"
        autoFocus="first"
        items={tenants.map(({ key, name }) => ({ id: key, name }))}
        onClose={close}
        onAction={(key) => {
          close();
          void navigate({ to: '/t/$tenant', params: { tenant: String(key) } });
        }}
      >
        {({ id, name }) => (
          <MenuItem className="menu-item" textValue={id}>
            <Icon name="tenant" />
            <span className="grow cut">
              {id} <span className="quiet">{name}</span>
            </span>
            {id === tenant && <Icon name="check" />}
          </MenuItem>
        )}
      </Menu>
    </Popover>
  );
}
