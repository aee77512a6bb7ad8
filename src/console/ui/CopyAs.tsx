import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { asCurl, asDocument, type Sent, sentHere } from '../relay/sent.ts';
import { Icon } from './Icon.tsx';
import { toast } from './toast.ts';

const ways = [
  { id: 'graphql', title: 'GraphQL', text: asDocument },
  { id: 'curl', title: 'curl', text: asCurl },
] as const;

/** Copies what the page has asked the API for. */
export function CopyAs() {
  const [sent, setSent] = useState<readonly Sent[]>([]);
  const items = sent.flatMap((one) =>
    ways.map(({ id, title, text }) => ({ id: `${one.name} ${id}`, name: one.name, title, copied: () => text(one) })),
  );
  return (
    <MenuTrigger onOpenChange={(isOpen) => isOpen && setSent(sentHere())}>
      <Button className="btn plain icon p2" aria-label="Copy the query of this page">
        <Icon name="code" />
      </Button>
      <Popover className="pop menu" placement="bottom end">
        <Menu
          aria-label="Copy the query of this page"
          items={items}
          renderEmptyState={() => <p className="quiet">This page has asked for nothing.</p>}
          onAction={(key) => {
            const item = items.find(({ id }) => id === key);
            if (!item) return;
            void navigator.clipboard.writeText(item.copied()).then(
              () => toast('Copied', item.id.endsWith('curl') ? 'Set GATEHOUSE_TOKEN to an API token.' : undefined),
              () => toast('Not copied', 'The browser refuses access to the clipboard.'),
            );
          }}
        >
          {({ title, name }) => (
            <MenuItem className="menu-item" textValue={`${title} ${name}`}>
              <Icon name="copy" />
              <span className="grow">Copy as {title}</span>
              <span className="quiet">{name.replace(/Query$/, '')}</span>
            </MenuItem>
          )}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}
