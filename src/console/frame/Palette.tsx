import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import {
  Autocomplete,
  Dialog,
  Input,
  Menu,
  MenuItem,
  Modal,
  ModalOverlay,
  SearchField,
  useFilter,
} from 'react-aria-components';
import { Icon } from '../ui/Icon.tsx';
import { menu, ownPages } from './menu.ts';
import { type Place, useFound } from './useFound.ts';

export interface PaletteProps {
  readonly tenant: string | undefined;
  readonly tenants: readonly { readonly key: string; readonly name: string }[];
  readonly close: () => void;
}

/** Goes to a page, a tenant or an object by a few letters of its name, or to an execution by its ID. */
export function Palette({ tenant, tenants, close }: PaletteProps) {
  const navigate = useNavigate();
  const { contains } = useFilter({ sensitivity: 'base' });
  const [typed, setTyped] = useState('');
  const found = useFound(tenant, typed);
  const pages: Place[] = [
    ...(tenant === undefined
      ? []
      : [...menu, { items: ownPages }].flatMap(({ items }) =>
          items.map(({ title, icon, path }) => ({ id: `/t/${tenant}/${path}`, title, icon, kind: 'Page' })),
        )),
    ...tenants.map(({ key, name }) => ({
      id: `/t/${key}`,
      title: `${key} ${name}`,
      icon: 'tenant' as const,
      kind: 'Tenant',
    })),
  ];
  const places = [...pages.filter(({ title }) => contains(title, typed)), ...found];
  return (
    <ModalOverlay className="palette-overlay" isOpen isDismissable onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="palette">
        <Dialog aria-label="Go to">
          {/* The gateway has searched already, also in fields that are not shown. */}
          <Autocomplete inputValue={typed} onInputChange={setTyped}>
            <SearchField className="palette-input" aria-label="A page, a tenant or an object" autoFocus>
              <Icon name="search" />
              <Input placeholder="A page, a tenant, a flow, a user, an execution ID" />
              <kbd>Esc</kbd>
            </SearchField>
            <Menu
              className="palette-list"
              aria-label="Places"
              items={places}
              renderEmptyState={() => <p className="palette-foot">Nothing has this name.</p>}
              onAction={(key) => {
                close();
                // The reader goes on at the new page, not where the palette was opened.
                void navigate({ to: String(key) }).then(() => document.getElementById('main')?.focus());
              }}
            >
              {(place) => (
                <MenuItem className="menu-item" textValue={place.title}>
                  <Icon name={place.icon} />
                  <span className="grow cut">{place.title}</span>
                  <span className="quiet">{place.kind}</span>
                </MenuItem>
              )}
            </Menu>
          </Autocomplete>
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}
