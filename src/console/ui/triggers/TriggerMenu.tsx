import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { Icon } from '../Icon.tsx';
import { type TriggerAct, triggerActs } from './acts.ts';
import type { TriggerRow } from './row.ts';
import { TriggerDialog } from './TriggerDialog.tsx';

/** The acts on one trigger. An act that is not possible says why. */
export function TriggerMenu({ tenant, trigger }: { tenant: string; trigger: TriggerRow }) {
  const navigate = useNavigate();
  const [act, setAct] = useState<TriggerAct>();
  const shown = triggerActs.filter(({ name }) => name !== (trigger.disabled ? 'disable' : 'enable'));
  const whyNot = (one: TriggerAct): string | undefined =>
    trigger.viewerPermissions.includes(one.action) ? one.why(trigger) : `It needs ${one.permission}.`;
  const disabled = shown.filter((one) => whyNot(one) !== undefined).map(({ name }) => name);
  return (
    <>
      <MenuTrigger>
        <Button className="btn plain icon sm" aria-label={`Actions on ${trigger.triggerId}`}>
          <Icon name="more" />
        </Button>
        <Popover className="pop menu wide" placement="bottom end">
          <Menu
            aria-label={`Actions on ${trigger.triggerId}`}
            disabledKeys={disabled}
            onAction={(key) => {
              if (key === 'open')
                void navigate({ to: '/t/$tenant/triggers/$trigger', params: { tenant, trigger: trigger.id } });
              else setAct(triggerActs.find(({ name }) => name === key));
            }}
          >
            <MenuItem id="open" className="menu-item" textValue="Open">
              <Icon name="clock" />
              {trigger.kind === 'SCHEDULE' ? 'Dates and backfill' : 'Open'}
            </MenuItem>
            {shown.map((one) => (
              <MenuItem key={one.name} id={one.name} className="menu-item" textValue={one.title}>
                <Icon name={whyNot(one) === undefined ? one.icon : 'lock'} />
                <span>{one.title}…</span>
                {whyNot(one) !== undefined && <small className="quiet grow end-text">{whyNot(one)}</small>}
              </MenuItem>
            ))}
          </Menu>
        </Popover>
      </MenuTrigger>
      {act && <TriggerDialog tenant={tenant} act={act} triggers={[trigger]} close={() => setAct(undefined)} />}
    </>
  );
}
