import { type FormEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { useViewer } from '../access/viewer.ts';
import { postAuth } from '../relay/auth.ts';
import type { AskedHurdle } from '../relay/hurdle.ts';
import { hasPasskeys, usePasskey as provePasskey } from '../relay/passkey.ts';
import { Dialog } from '../ui/Dialog.tsx';
import { TextField } from '../ui/fields.tsx';
import { Icon } from '../ui/Icon.tsx';

/** Asks for what an operation needs before it is repeated: a new session, or a recent proof. */
export function Hurdles({ asked: { hurdle, settle } }: { asked: AskedHurdle }) {
  if (hurdle.kind === 'sign-in') return <SignInAgain settle={settle} />;
  return <StepUp settle={settle} needsCode={hurdle.secondFactor} />;
}

interface AskProps {
  readonly title: string;
  readonly text: ReactNode;
  readonly submit: string;
  readonly settle: (isPassed: boolean) => void;
  /** Returns why it is refused, or undefined if it is passed. */
  readonly send: (values: FormData) => Promise<string | undefined>;
  /** What a passkey can do instead. */
  readonly passkeyFor?: 'sign-in' | 'second-factor' | 'step-up';
  readonly children: ReactNode;
  readonly foot?: ReactNode;
}

function Ask({ title, text, submit, settle, send, passkeyFor, children, foot }: AskProps) {
  const [fault, setFault] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => form.current?.querySelector<HTMLElement>('[data-autofocus]')?.focus(), []);
  const submitted = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setIsBusy(true);
    setFault(await send(new FormData(event.currentTarget)));
    setIsBusy(false);
  };
  const byPasskey = async (purpose: NonNullable<AskProps['passkeyFor']>) => {
    setIsBusy(true);
    const refused = await provePasskey(purpose);
    setFault(refused);
    setIsBusy(false);
    if (refused === undefined) settle(true);
  };
  return (
    <Dialog title={title} close={() => settle(false)}>
      <form ref={form} className="form" onSubmit={(event) => void submitted(event)}>
        <p>{text}</p>
        {children}
        {fault !== undefined && (
          <p className="fault" role="alert">
            <Icon name="alert" />
            <span>{fault}</span>
          </p>
        )}
        <div className="row form-foot">
          <button type="submit" className="btn primary" disabled={isBusy}>
            {submit}
          </button>
          {passkeyFor && hasPasskeys() && (
            <button type="button" className="btn" disabled={isBusy} onClick={() => void byPasskey(passkeyFor)}>
              Use a passkey
            </button>
          )}
          {foot}
        </div>
      </form>
    </Dialog>
  );
}

/** The page stays as it is, with everything that was typed. */
function SignInAgain({ settle }: { settle: (isPassed: boolean) => void }) {
  const viewer = useViewer();
  const [asksCode, setAsksCode] = useState(false);
  const send = async (values: FormData): Promise<string | undefined> => {
    const body = asksCode
      ? { code: String(values.get('code')).trim() }
      : { username: String(values.get('username')).trim(), password: String(values.get('password')) };
    const sent = await postAuth<{ user: { name: string } }>('/auth/sign-in', body);
    if ('refusal' in sent) {
      const { code, message, asks } = sent.refusal;
      if (code !== 'SECOND_FACTOR_REQUIRED') return message;
      if (asks.includes('ENROL')) return 'You need a second factor. Choose another way to sign in, to set it up.';
      setAsksCode(true);
      return undefined;
    }
    // Another person must not see what this one has loaded.
    if (viewer.name !== '' && sent.answer.user.name !== viewer.name) location.reload();
    settle(true);
    return undefined;
  };
  const next = encodeURIComponent(location.pathname + location.search);
  return (
    <Ask
      title="Your session has ended"
      text="Sign in again to go on. The page keeps what you typed."
      submit="Sign in"
      settle={settle}
      send={send}
      {...(asksCode && { passkeyFor: 'second-factor' as const })}
      foot={
        <a className="btn plain" href={`/auth/sign-in?next=${next}`}>
          Another way to sign in
        </a>
      }
    >
      {asksCode ? (
        <TextField
          key="code"
          name="code"
          label="Code of your app, or a recovery code"
          autoComplete="one-time-code"
          autoFocus
        />
      ) : (
        <>
          <TextField name="username" label="User name" value={viewer.name} autoComplete="username" />
          <TextField name="password" label="Password" type="password" autoComplete="current-password" autoFocus />
        </>
      )}
    </Ask>
  );
}

function StepUp({ settle, needsCode }: { settle: (isPassed: boolean) => void; needsCode: boolean }) {
  const send = async (values: FormData): Promise<string | undefined> => {
    const body = needsCode ? { code: String(values.get('code')).trim() } : { password: String(values.get('password')) };
    const sent = await postAuth('/auth/step-up', body);
    if ('refusal' in sent) return sent.refusal.message;
    settle(true);
    return undefined;
  };
  return (
    <Ask
      title="Prove that it is you"
      text="A policy asks for it before this change. Then the change is made."
      submit="Go on"
      settle={settle}
      send={send}
      passkeyFor="step-up"
    >
      {needsCode ? (
        <TextField
          name="code"
          label="Code of your app, or a recovery code"
          hint="Without a second factor, set one up in your settings first."
          autoComplete="one-time-code"
          autoFocus
        />
      ) : (
        <TextField name="password" label="Password" type="password" autoComplete="current-password" autoFocus />
      )}
    </Ask>
  );
}
