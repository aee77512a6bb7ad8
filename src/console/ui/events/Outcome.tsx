import { Link } from '@tanstack/react-router';
import type { AuditOutcome } from '../../generated/AuditLogQuery.graphql.ts';
import type { IconName } from '../drawings.tsx';
import { Icon } from '../Icon.tsx';

const shown: Readonly<Record<string, { readonly title: string; readonly icon: IconName; readonly family: string }>> = {
  SUCCESS: { title: 'Done', icon: 'st-success', family: 'ok' },
  DENIED: { title: 'Refused', icon: 'refuse', family: 'fail' },
  ERROR: { title: 'Error', icon: 'st-warning', family: 'warn' },
};

export function Outcome({ outcome }: { outcome: string }) {
  const { title, icon, family } = shown[outcome] ?? { title: outcome, icon: 'why' as const, family: 'idle' };
  return (
    <span className={`state ${family}`}>
      <Icon name={icon} />
      {title}
    </span>
  );
}

/** Each outcome is a link to the log with it, or without it if it is chosen. */
export function OutcomeFilter({ outcome }: { outcome: AuditOutcome | undefined }) {
  return Object.entries(shown).map(([value, { title, icon }]) => {
    const isOn = outcome === value;
    return (
      <Link
        key={value}
        className={`chip ${isOn ? 'on' : ''}`}
        to="."
        search={
          ((before: object) => ({
            ...before,
            outcome: isOn ? undefined : value,
            after: undefined,
            before: undefined,
          })) as never
        }
      >
        <Icon name={icon} />
        {title}
        <span className="sr">{isOn ? ': remove this filter' : ' only'}</span>
        {isOn && <Icon name="x" />}
      </Link>
    );
  });
}
