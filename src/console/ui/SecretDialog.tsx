import type { ReactNode } from 'react';
import { CopyButton } from './CopyButton.tsx';
import { Dialog } from './Dialog.tsx';
import { Icon } from './Icon.tsx';

export interface Shown {
  readonly label: string;
  readonly text: string;
}

export interface SecretDialogProps {
  readonly title: string;
  /** Null if the answer was lost: the secret is in the first answer only. */
  readonly secret: string | null | undefined;
  readonly lost: string;
  /** Further texts to copy, such as an example. */
  readonly more?: readonly Shown[];
  readonly children?: ReactNode;
  readonly close: () => void;
}

/** Shows a secret, once. */
export function SecretDialog({ title, secret, lost, more = [], children, close }: SecretDialogProps) {
  return (
    <Dialog title={title} close={close}>
      {secret == null ? (
        <div className="note warn">
          <Icon name="alert" />
          <div>{lost}</div>
        </div>
      ) : (
        <>
          {children}
          <Copied label="Copy it now. It is not shown again." text={secret} />
          {more.map((one) => (
            <Copied key={one.label} {...one} />
          ))}
        </>
      )}
      <div className="row form-foot">
        <button type="button" className="btn primary" onClick={close}>
          Done
        </button>
      </div>
    </Dialog>
  );
}

export function Copied({ label, text }: Shown) {
  return (
    <div className="copied">
      <span className="label">{label}</span>
      <div className="secret">
        <code>{text}</code>
        <CopyButton text={text} label={`Copy: ${label}`} />
      </div>
    </div>
  );
}
