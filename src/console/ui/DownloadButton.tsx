import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { Icon } from './Icon.tsx';

export interface DownloadButtonProps {
  readonly tenant: string;
  /** The name of the list in the API, such as `executions`. */
  readonly list: string;
  readonly where: object;
  readonly label?: string;
  readonly className?: string;
}

/** Downloads all rows of a list, with the filters of the page. */
export function DownloadButton({ tenant, list, where, label = 'Download', className = '' }: DownloadButtonProps) {
  const address = (format: string) => {
    const filter = Object.keys(where).length === 0 ? '' : `?${new URLSearchParams({ where: JSON.stringify(where) })}`;
    return `/tenants/${encodeURIComponent(tenant)}/${list}.${format}${filter}`;
  };
  return (
    <MenuTrigger>
      <Button className={`btn ${className}`}>
        <Icon name="export" />
        {label}
      </Button>
      <Popover className="pop menu wide" placement="bottom end">
        <Menu aria-label={label}>
          <MenuItem className="menu-item" href={address('csv')} download="">
            As a table (CSV), with these filters
          </MenuItem>
          <MenuItem className="menu-item" href={address('ndjson')} download="">
            As NDJSON, with these filters
          </MenuItem>
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
