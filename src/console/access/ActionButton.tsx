import { Link, useParams } from '@tanstack/react-router';
import { type ReactNode, useRef, useState } from 'react';
import { Dialog, Popover } from 'react-aria-components';
import type { IconName } from '../ui/drawings.tsx';
import { Icon } from '../ui/Icon.tsx';
import { type Permission, type Place, placeInWords, placeOf, useMay, useViewer } from './viewer.ts';

export interface ActionButtonProps {
  readonly permission: Permission;
  /** Where the permission has to be held, if not at its own level. */
  readonly place?: Place | undefined;
  /** From `viewerPermissions` of an object. Omit for an act that is not about an object. */
  readonly isAllowed?: boolean | undefined;
  /** Why the act is not possible now, whatever the permissions of the viewer are. */
  readonly why?: string | undefined;
  readonly icon?: IconName;
  readonly className?: string;
  readonly label?: string;
  readonly onPress: () => void;
  readonly children?: ReactNode;
}

/** An act. If the viewer is not allowed to do it, it stays in its place, and says which permission is missing. */
export function ActionButton(props: ActionButtonProps) {
  const { permission, isAllowed, icon, className = '', label, why, onPress, children } = props;
  const place = props.place ?? placeOf(permission);
  const isHeld = useMay(permission, place);
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const isPossible = why === undefined && (isAllowed ?? isHeld);
  return (
    <>
      <button
        ref={button}
        type="button"
        className={`btn ${isPossible ? className : className.replace(/primary|danger/, '')}`}
        aria-disabled={!isPossible || undefined}
        aria-label={label}
        onClick={() => (isPossible ? onPress() : setIsOpen(true))}
      >
        {isPossible ? icon && <Icon name={icon} /> : <Icon name="lock" />}
        {children}
      </button>
      <Popover className="pop why" triggerRef={button} isOpen={isOpen} onOpenChange={setIsOpen} placement="bottom end">
        <Dialog aria-label="Why this is not possible">
          {why === undefined ? <Missing permission={permission} place={place} /> : <p>{why}</p>}
        </Dialog>
      </Popover>
    </>
  );
}

function Missing({ permission, place }: { permission: Permission; place: Place }) {
  const { id } = useViewer();
  const { tenant } = useParams({ strict: false });
  return (
    <>
      <b>You are not allowed to do this</b>
      <p>
        It needs <code>{permission}</code> {placeInWords(permission, place)}.
      </p>
      {tenant !== undefined && place === 'tenant' && id !== undefined && (
        <p className="row">
          <Link to="/t/$tenant/access-explorer" params={{ tenant }} search={{ who: id, may: permission }}>
            Why, and who can
          </Link>
        </p>
      )}
    </>
  );
}
