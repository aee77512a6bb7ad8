import type { ReactNode } from 'react';
import { Heading, Modal, ModalOverlay, Dialog as Shown } from 'react-aria-components';
import { Icon } from './Icon.tsx';

export interface DialogProps {
  readonly title: string;
  readonly close: () => void;
  /** True if nothing is lost when it is closed by a click next to it. */
  readonly isLight?: boolean;
  readonly isWide?: boolean;
  readonly children: ReactNode;
}

/** A dialog over the page. On a phone it is at the foot of the screen. */
export function Dialog({ title, close, isLight = false, isWide = false, children }: DialogProps) {
  return (
    <ModalOverlay
      className="dialog-overlay"
      isOpen
      isDismissable={isLight}
      onOpenChange={(isOpen) => !isOpen && close()}
    >
      <Modal className={`dialog ${isWide ? 'wide' : ''}`}>
        <Shown>
          <div className="dialog-head">
            <Heading slot="title" level={2} className="grow">
              {title}
            </Heading>
            <button type="button" className="btn plain icon sm" aria-label="Close" onClick={close}>
              <Icon name="x" />
            </button>
          </div>
          <div className="dialog-body">{children}</div>
        </Shown>
      </Modal>
    </ModalOverlay>
  );
}
