import { CopyButton } from '../../ui/CopyButton.tsx';
import { Icon } from '../../ui/Icon.tsx';

/** Codes that sign in without the app. They are shown once. */
export function RecoveryCodes({ codes, done }: { codes: readonly string[]; done: () => void }) {
  return (
    <div className="body">
      <section aria-label="Recovery codes">
        <div className="section">
          <h2>Your recovery codes</h2>
          <CopyButton text={codes.join('\n')} label="Copy all codes" />
        </div>
        {codes.length === 0 ? (
          <div className="note warn">
            <Icon name="alert" />
            <div>They were lost with the connection. Create new ones.</div>
          </div>
        ) : (
          <>
            <p>Keep them where you find them without your phone. Each works once. They are not shown again.</p>
            <ul className="codes gap">
              {codes.map((code) => (
                <li key={code}>
                  <code>{code}</code>
                </li>
              ))}
            </ul>
          </>
        )}
        <div className="row gap">
          <button type="button" className="btn primary" onClick={done}>
            I have kept them
          </button>
        </div>
      </section>
    </div>
  );
}
