import { Component, type ReactNode, useEffect } from 'react';
import { useIsLost } from '../relay/connection.ts';
import { faultsIn, NetworkFault, Refused, SignedOut, Stale } from '../relay/fault.ts';
import { Attempt } from '../relay/query.ts';
import { Icon } from './Icon.tsx';

interface State {
  readonly error: unknown;
  readonly hasError: boolean;
  readonly attempt: number;
}

/** Shows an error where the content would be, with a way on. */
export class FaultBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { error: undefined, hasError: false, attempt: 0 };

  static getDerivedStateFromError(error: unknown) {
    return { error, hasError: true };
  }

  override render() {
    const { error, hasError, attempt } = this.state;
    if (!hasError) return <Attempt value={attempt}>{this.props.children}</Attempt>;
    const retry = () => this.setState({ error: undefined, hasError: false, attempt: attempt + 1 });
    return <ShownError error={error} retry={retry} />;
  }
}

function ShownError({ error, retry }: { error: unknown; retry: () => void }) {
  const isNetwork = error instanceof NetworkFault;
  const isLost = useIsLost();
  const isBack = isNetwork && !isLost;
  useEffect(() => {
    // The first attempt that fails reports the loss, so this runs when the gateway answers again.
    if (isBack) retry();
  }, [isBack, retry]);
  if (error instanceof SignedOut) {
    const next = encodeURIComponent(location.pathname + location.search);
    return (
      <div className="empty" role="alert">
        <Icon name="lock" />
        <h2>Your session has ended</h2>
        <p>Sign in again. You come back to this page.</p>
        <a className="btn primary" href={`/auth/sign-in?next=${next}`}>
          Sign in
        </a>
      </div>
    );
  }
  if (error instanceof Stale)
    return (
      <div className="empty" role="alert">
        <Icon name="restart" />
        <h2>The gateway was updated</h2>
        <p>Load the page again to use its new version.</p>
        <button type="button" className="btn primary" onClick={() => location.reload()}>
          Load again
        </button>
      </div>
    );
  return (
    <div className="empty" role="alert">
      <Icon name={isNetwork ? 'alert' : 'refuse'} />
      <h2>{isNetwork ? 'No answer' : error instanceof Refused ? 'Refused' : 'This page failed'}</h2>
      {faultsIn(error).map((fault) => (
        <p key={fault.message}>
          {fault.message}
          {fault.decisionId && (
            <>
              {' '}
              <code>{fault.decisionId}</code>
            </>
          )}
        </p>
      ))}
      <button type="button" className="btn" onClick={retry}>
        Try again
      </button>
    </div>
  );
}
