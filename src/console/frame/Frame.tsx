import { Link, Outlet, useParams } from '@tanstack/react-router';
import { useEffect, useMemo, useRef, useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { namesOf, type Settings, type Viewer, ViewerContext } from '../access/viewer.ts';
import type { FrameQuery } from '../generated/FrameQuery.graphql.ts';
import { signOut } from '../relay/auth.ts';
import { useHurdle } from '../relay/hurdle.ts';
import { lazyPart, loadAhead } from '../relay/lazy.tsx';
import { useAnswer } from '../relay/query.ts';
import { Icon } from '../ui/Icon.tsx';
import { Toasts } from '../ui/Toasts.tsx';
import { setZone } from '../ui/zone.ts';
import { Announcements } from './Announcements.tsx';
import { LostBanner } from './LostBanner.tsx';
import { menu } from './menu.ts';
import { ThemeButton } from './ThemeButton.tsx';
import { applyTheme } from './theme.ts';

// Dialogs and menus are not part of the first load.
const Palette = lazyPart(async () => (await import('./Palette.tsx')).Palette);
const Hurdles = lazyPart(async () => (await import('./Hurdles.tsx')).Hurdles);
const TenantMenu = lazyPart(async () => (await import('./TenantMenu.tsx')).TenantMenu);

const query = graphql`
  query FrameQuery($tenant: String!, $hasTenant: Boolean!) {
    ...Announcements_now
    viewer {
      name
      superAdmin
      settings
      user {
        id
      }
      atInstance: permissions {
        resource
        actions
      }
      inTenant: permissions(tenantKey: $tenant) @include(if: $hasTenant) {
        resource
        actions
      }
      tenants(first: 100) {
        nodes {
          key
          name
        }
      }
    }
  }
`;

type Answer = FrameQuery['response']['viewer'];

/** Who the viewer is and what they may do, for all parts of the page. */
function useViewerOf(answer: Answer): Viewer {
  const settings = answer.settings as Settings;
  useEffect(() => {
    if (settings.theme) applyTheme(settings.theme);
  }, [settings.theme]);
  setZone(settings.timeZone);
  useEffect(loadAhead, []);
  return useMemo(
    () => ({
      id: answer.user?.id,
      name: answer.name,
      superAdmin: answer.superAdmin,
      settings: answer.settings as Settings,
      inTenant: namesOf(answer.inTenant ?? []),
      atInstance: namesOf(answer.atInstance),
    }),
    [answer],
  );
}

/** Navigation at the left, one page at the right. */
export function Frame() {
  const { tenant } = useParams({ strict: false });
  const frame = useAnswer<FrameQuery>(query, { tenant: tenant ?? '', hasTenant: tenant !== undefined });
  const { viewer: answer } = frame;
  const viewer = useViewerOf(answer);
  const [isOpen, setIsOpen] = useState(false);
  const [isJumping, setIsJumping] = useState(false);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      setIsJumping(true);
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
  const hurdle = useHurdle();
  const tenants = answer.tenants?.nodes ?? [];
  return (
    <ViewerContext value={viewer}>
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <div className="app">
        <header className="topbar">
          <button
            type="button"
            className="btn plain icon"
            aria-label="Open the navigation"
            aria-expanded={isOpen}
            onClick={() => setIsOpen(true)}
          >
            <Icon name="menu" />
          </button>
          <TenantSwitch tenants={tenants} tenant={tenant} />
          <span className="grow" />
          <button type="button" className="btn plain icon" aria-label="Go to" onClick={() => setIsJumping(true)}>
            <Icon name="search" />
          </button>
        </header>
        {isOpen && (
          <button
            type="button"
            className="nav-scrim"
            aria-label="Close the navigation"
            onClick={() => setIsOpen(false)}
          />
        )}
        <nav className={`nav ${isOpen ? 'open' : ''}`} aria-label="Main">
          <div className="nav-head">
            <TenantSwitch tenants={tenants} tenant={tenant} />
            <button type="button" className="jump" onClick={() => setIsJumping(true)}>
              <Icon name="search" />
              <span className="grow cut">Go to</span>
              <kbd>Ctrl K</kbd>
            </button>
          </div>
          <div className="nav-list">
            {tenant !== undefined && <MenuList tenant={tenant} leave={() => setIsOpen(false)} />}
          </div>
          <div className="nav-foot">
            <span className="grow">
              {tenant === undefined ? (
                <b className="cut">{viewer.name}</b>
              ) : (
                <Link to="/t/$tenant/settings" params={{ tenant }} onClick={() => setIsOpen(false)}>
                  <b className="cut">{viewer.name}</b>
                </Link>
              )}
              <small>{viewer.superAdmin ? 'Super admin' : 'Signed in'}</small>
            </span>
            <ThemeButton />
            <button
              type="button"
              className="btn plain icon"
              aria-label="Sign out"
              title="Sign out"
              onClick={() => void signOut()}
            >
              <Icon name="leave" />
            </button>
          </div>
        </nav>
        <main className="main" id="main" tabIndex={-1}>
          <LostBanner />
          <Announcements now={frame} tenant={tenant} />
          <Outlet />
        </main>
      </div>
      {isJumping && <Palette tenant={tenant} tenants={tenants} close={() => setIsJumping(false)} />}
      <Toasts />
      {hurdle && <Hurdles asked={hurdle} />}
    </ViewerContext>
  );
}

function MenuList({ tenant, leave }: { tenant: string; leave: () => void }) {
  return menu
    .filter(({ items }) => items.length > 0)
    .map(({ title, items }) => (
      <section key={title ?? ''} aria-label={title ?? 'Start'}>
        {title && <h2>{title}</h2>}
        <ul>
          {items.map((item) => (
            <li key={item.path}>
              <Link
                to={item.path === '' ? '/t/$tenant' : (`/t/$tenant/${item.path}` as '/t/$tenant/users')}
                params={{ tenant }}
                activeOptions={{ exact: item.path === '', includeSearch: false }}
                activeProps={{ 'aria-current': 'page' }}
                onClick={leave}
              >
                <Icon name={item.icon} />
                {item.title}
              </Link>
            </li>
          ))}
        </ul>
      </section>
    ));
}

interface TenantSwitchProps {
  readonly tenants: readonly { readonly key: string; readonly name: string }[];
  readonly tenant: string | undefined;
}

function TenantSwitch({ tenants, tenant }: TenantSwitchProps) {
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const current = tenants.find(({ key }) => key === tenant);
  return (
    <>
      <button
        ref={button}
        type="button"
        className="tenant"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setIsOpen(true)}
      >
        <span className="mark">
          <Icon name="gate" />
        </span>
        <span className="grow">
          <b className="cut">{tenant ?? 'No tenant'}</b>
          <small className="cut">{current?.name ?? 'Gatehouse'}</small>
        </span>
        <span className="sr">Switch tenant</span>
        <Icon name="updown" className="quiet" />
      </button>
      {isOpen && <TenantMenu button={button} tenants={tenants} tenant={tenant} close={() => setIsOpen(false)} />}
    </>
  );
}
