import { useNavigate } from '@tanstack/react-router';
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
import type { IconName } from '../ui/drawings.tsx';
import { Icon } from '../ui/Icon.tsx';
import { menu, ownPages } from './menu.ts';

interface Place {
  readonly id: string;
  readonly title: string;
  readonly icon: IconName;
  readonly kind: string;
}

export interface PaletteProps {
  readonly tenant: string | undefined;
  readonly tenants: readonly { readonly key: string; readonly name: string }[];
  readonly close: () => void;
}

/** Goes to a page or a tenant by a few letters of its name. */
export function Palette({ tenant, tenants, close }: PaletteProps) {
  const navigate = useNavigate();
  const { contains } = useFilter({ sensitivity: 'base' });
  const places: Place[] = [
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
  return (
    <ModalOverlay className="palette-overlay" isOpen isDismissable onOpenChange={(isOpen) => !isOpen && close()}>
      <Modal className="palette">
        <Dialog aria-label="Go to">
          <Autocomplete filter={contains}>
            <SearchField className="palette-input" aria-label="A page or a tenant" autoFocus>
              <Icon name="search" />
              <Input placeholder="A page or a tenant" />
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
