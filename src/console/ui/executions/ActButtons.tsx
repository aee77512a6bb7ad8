import { useRef, useState } from 'react';
import { Dialog, Popover } from 'react-aria-components';
import { ActionButton } from '../../access/ActionButton.tsx';
import { useMay } from '../../access/viewer.ts';
import { Icon } from '../Icon.tsx';
import { type ActName, actOf } from './acts.ts';

interface Actable {
  readonly state: string;
  readonly viewerPermissions: readonly string[];
}

export interface ActButtonProps {
  readonly name: ActName;
  readonly rows: readonly Actable[];
  readonly className?: string;
  readonly isShort?: boolean;
  readonly onPress: (name: ActName) => void;
}

/** One act on executions. It is possible if it is for at least one of them; the answer says how it went for each. */
export function ActButton({ name, rows, className = '', isShort = false, onPress }: ActButtonProps) {
  const { title, icon, permission, action, why, isDanger } = { isDanger: false, ...actOf(name) };
  const isHeld = useMay(permission);
  const allowed = rows.filter(({ viewerPermissions }) => viewerPermissions.includes(action));
  const reasons = allowed.map(({ state }) => why(state));
  const isPossible = reasons.some((reason) => reason === undefined);
  return (
    <ActionButton
      permission={permission}
      isAllowed={rows.length === 0 ? isHeld : allowed.length > 0}
      why={allowed.length > 0 && !isPossible ? reasons[0] : undefined}
      icon={icon}
      className={`${isDanger ? 'danger ' : ''}${className}`}
      {...(isShort && { label: title })}
      onPress={() => onPress(name)}
    >
      {!isShort && (isDanger ? `${title}…` : title)}
    </ActionButton>
  );
}

export interface MoreActsProps {
  readonly names: readonly ActName[];
  readonly rows: readonly Actable[];
  readonly className?: string;
  readonly onPress: (name: ActName) => void;
}

/** The acts that are needed less often. */
export function MoreActs({ names, rows, className = '', onPress }: MoreActsProps) {
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button
        ref={button}
        type="button"
        className={`btn icon ${className}`}
        aria-label="More acts"
        title="More acts"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(true)}
      >
        <Icon name="more" />
      </button>
      <Popover
        className="pop more-acts"
        triggerRef={button}
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        placement="bottom end"
      >
        <Dialog aria-label="More acts">
          {names.map((name) => (
            <ActButton
              key={name}
              name={name}
              rows={rows}
              className="plain"
              onPress={(act) => {
                setIsOpen(false);
                onPress(act);
              }}
            />
          ))}
        </Dialog>
      </Popover>
    </>
  );
}
