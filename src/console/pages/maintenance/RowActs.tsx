import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { ActionButton } from '../../access/ActionButton.tsx';
import type { Permission } from '../../access/viewer.ts';
import { Icon } from '../../ui/Icon.tsx';
import type { Phase } from './Period.tsx';

export interface RowActsProps {
  readonly name: string;
  readonly phase: Phase;
  readonly needs: { readonly update: Permission; readonly delete: Permission };
  readonly viewerPermissions: readonly string[];
  readonly act: (kind: 'edit' | 'end' | 'delete') => void;
}

/** Ends one that is in effect at once; the other acts are in a menu. */
export function RowActs({ name, phase, needs, viewerPermissions, act }: RowActsProps) {
  const [mayEdit, mayDelete] = [viewerPermissions.includes('UPDATE'), viewerPermissions.includes('DELETE')];
  const disabled = [...(mayEdit ? [] : ['edit']), ...(mayDelete ? [] : ['delete'])];
  return (
    <span className="row acts">
      {phase === 'now' && (
        <ActionButton
          permission={needs.update}
          isAllowed={mayEdit}
          className="sm"
          label={`End now: ${name}`}
          onPress={() => act('end')}
        >
          End now…
        </ActionButton>
      )}
      <MenuTrigger>
        <Button className="btn plain icon sm" aria-label={`More for ${name}`}>
          <Icon name="more" />
        </Button>
        <Popover className="pop menu" placement="bottom end">
          <Menu
            aria-label={`More for ${name}`}
            disabledKeys={disabled}
            onAction={(key) => act(key === 'edit' ? 'edit' : 'delete')}
          >
            <MenuItem id="edit" className="menu-item" textValue="Edit">
              Edit… {!mayEdit && <span className="quiet">needs {needs.update}</span>}
            </MenuItem>
            <MenuItem id="delete" className="menu-item" textValue="Delete">
              Delete… {!mayDelete && <span className="quiet">needs {needs.delete}</span>}
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
    </span>
  );
}
