import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { Icon } from '../../ui/Icon.tsx';

export interface ExportButtonProps {
  readonly tenant: string;
  readonly where: Readonly<Record<string, unknown>>;
}

/** The address of an export: a file of the gateway, which has the filters of the page. */
export const exportAddress = (tenant: string, format: 'csv' | 'ndjson', where: ExportButtonProps['where']): string => {
  const parameters = new URLSearchParams({ format });
  for (const [name, value] of Object.entries(where))
    for (const one of Array.isArray(value) ? value : [value]) parameters.append(name, String(one));
  return `/tenants/${encodeURIComponent(tenant)}/audit-events?${parameters}`;
};

/** Downloads the events that the page shows, or all of them with their proofs. */
export function ExportButton({ tenant, where }: ExportButtonProps) {
  return (
    <MenuTrigger>
      <Button className="btn">
        <Icon name="export" />
        Export
      </Button>
      <Popover className="pop menu wide" placement="bottom end">
        <Menu aria-label="Export">
          <MenuItem className="menu-item" href={exportAddress(tenant, 'csv', where)} download="">
            As a table (CSV), with these filters
          </MenuItem>
          <MenuItem className="menu-item" href={exportAddress(tenant, 'ndjson', where)} download="">
            As NDJSON, with these filters
          </MenuItem>
          <MenuItem className="menu-item" href={exportAddress(tenant, 'ndjson', {})} download="">
            All events, to verify them
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
