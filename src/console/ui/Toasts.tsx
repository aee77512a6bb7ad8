import { Icon } from './Icon.tsx';
import { dismiss, useToasts } from './toast.ts';

export function Toasts() {
  return (
    <div className="toasts" role="status" aria-live="polite">
      {useToasts().map(({ id, title, text }) => (
        <div className="toast" key={id}>
          <span className="ok">
            <Icon name="st-success" />
          </span>
          <div className="grow">
            <b>{title}</b>
            {text}
          </div>
          <button type="button" className="btn plain icon sm" aria-label="Dismiss" onClick={() => dismiss(id)}>
            <Icon name="x" />
          </button>
        </div>
      ))}
    </div>
  );
}
