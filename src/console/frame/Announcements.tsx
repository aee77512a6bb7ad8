import { useEffect, useState } from 'react';
import { fetchQuery, graphql, useFragment, useRelayEnvironment } from 'react-relay/hooks';
import type { Announcements_now$key } from '../generated/Announcements_now.graphql.ts';
import type { AnnouncementsQuery } from '../generated/AnnouncementsQuery.graphql.ts';
import { Icon } from '../ui/Icon.tsx';
import { Moment } from '../ui/Time.tsx';

// A document of a visitor who is not signed in has at most 30 fields, and the frame asks for this too.
const fragment = graphql`
  fragment Announcements_now on Query {
    tenant(key: $tenant) @include(if: $hasTenant) {
      activeBanners {
        ...Announcements_banner @relay(mask: false)
      }
      activeKillSwitch {
        ...Announcements_killSwitch @relay(mask: false)
      }
    }
  }
`;

graphql`
  fragment Announcements_banner on Banner {
    id
    message
    severity
    updatedAt
  }
`;

graphql`
  fragment Announcements_killSwitch on ActiveKillSwitch {
    behavior
    title
    endsAt
  }
`;

const query = graphql`
  query AnnouncementsQuery($tenant: String!, $hasTenant: Boolean!) {
    ...Announcements_now
  }
`;

const pauseMs = 60_000;
const stored = 'gatehouse-hidden-banners';
const families: Readonly<Record<string, string>> = { INFO: 'run', WARNING: 'warn', ERROR: 'fail' };
const hiddenBefore = (): string[] => JSON.parse(sessionStorage.getItem(stored) ?? '[]') as string[];

export interface AnnouncementsProps {
  readonly now: Announcements_now$key;
  readonly tenant: string | undefined;
}

/** Banners and the kill switch of the whole tenant, at the top of each page. Asks again each minute. */
export function Announcements({ now: key, tenant }: AnnouncementsProps) {
  const environment = useRelayEnvironment();
  const now = useFragment(fragment, key);
  const [hidden, setHidden] = useState(hiddenBefore);
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.hidden || tenant === undefined) return;
      const variables = { tenant, hasTenant: true };
      // A lost gateway is reported by the next act. The next minute asks again.
      fetchQuery<AnnouncementsQuery>(environment, query, variables, { fetchPolicy: 'network-only' }).subscribe({
        error: () => undefined,
      });
    }, pauseMs);
    return () => clearInterval(timer);
  }, [environment, tenant]);
  const { activeBanners = [], activeKillSwitch } = now.tenant ?? {};
  // A banner that was edited is shown again.
  const banners = activeBanners
    .map((banner) => ({ ...banner, version: `${banner.id} ${banner.updatedAt}` }))
    .filter(({ version }) => !hidden.includes(version));
  const hide = (version: string) => {
    const next = [...hidden, version];
    sessionStorage.setItem(stored, JSON.stringify(next));
    setHidden(next);
  };
  if (!activeKillSwitch && banners.length === 0) return null;
  return (
    <section className="announcements" aria-label="Announcements">
      {activeKillSwitch && (
        <div className={`announcement ${activeKillSwitch.behavior === 'KILL' ? 'fail' : 'warn'}`}>
          <Icon name="pause" />
          <p className="grow">
            <b>{activeKillSwitch.title}:</b>{' '}
            {activeKillSwitch.behavior === 'KILL'
              ? 'executions are killed, and new ones are refused'
              : 'new executions wait'}
            {activeKillSwitch.endsAt != null && (
              <>
                {' '}
                until <Moment at={activeKillSwitch.endsAt} />
              </>
            )}
            .
          </p>
        </div>
      )}
      {banners.map(({ id, message, severity, version }) => (
        <div key={id} className={`announcement ${families[severity] ?? 'run'}`}>
          <Icon name={severity === 'INFO' ? 'why' : 'alert'} />
          <p className="grow">{message}</p>
          <button
            type="button"
            className="btn plain icon sm"
            aria-label={`Hide the banner ${message}`}
            onClick={() => hide(version)}
          >
            <Icon name="x" />
          </button>
        </div>
      ))}
    </section>
  );
}
