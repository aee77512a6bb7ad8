import { useRef, useState } from 'react';
import { Dialog, Popover } from 'react-aria-components';
import { Icon } from './Icon.tsx';

/** In the place of values that the viewer is not allowed to read. Says why. */
export function Hidden({ reason }: { reason: string }) {
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button
        ref={button}
        type="button"
        className="btn plain sm hidden-value"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(true)}
      >
        <Icon name="lock" />
        Hidden
        <span className="sr">: why</span>
      </button>
      <Popover
        className="pop why"
        triggerRef={button}
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        placement="bottom start"
      >
        <Dialog aria-label="Why this is hidden">
          <b>You are not allowed to see this</b>
          <p>{reason}</p>
        </Dialog>
      </Popover>
    </>
  );
}
