import { Link, Outlet, useNavigate, useParams } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { graphql } from 'react-relay/hooks';
import type { FrameQuery } from '../generated/FrameQuery.graphql.ts';
import { useAnswer } from '../relay/query.ts';
import { Icon } from '../ui/Icon.tsx';
import { menu } from './menu.ts';
import { Palette } from './Palette.tsx';
import { ThemeButton } from './ThemeButton.tsx';

const query = graphql`
  query FrameQuery {
    viewer {
      name
      superAdmin
      tenants(first: 100) {
        nodes {
          key
          name
        }
      }
    }
  }
`;

type Viewer = FrameQuery['response']['viewer'];

/** Navigation at the left, one page at the right. */
export function Frame() {
  const { viewer } = useAnswer<FrameQuery>(query, {});
  const { tenant } = useParams({ strict: false });
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
  return (
    <>
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
          <TenantSwitch viewer={viewer} tenant={tenant} />
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
            <TenantSwitch viewer={viewer} tenant={tenant} />
            <button type="button" className="jump" onClick={() => setIsJumping(true)}>
              <Icon name="search" />
              <span className="grow cut">Go to</span>
              <kbd>Ctrl K</kbd>
            </button>
          </div>
          <div className="nav-list">
            {tenant !== undefined &&
              menu.map(({ title, items }) => (
                <section key={title ?? ''} aria-label={title ?? 'Start'}>
                  {title && <h2>{title}</h2>}
                  <ul>
                    {items.map((item) => (
                      <li key={item.path}>
                        <Link
                          to={item.path === '' ? '/t/$tenant' : (`/t/$tenant/${item.path}` as '/t/$tenant/users')}
                          params={{ tenant }}
                          activeOptions={{ exact: item.path === '' }}
                          activeProps={{ 'aria-current': 'page' }}
                          onClick={() => setIsOpen(false)}
                        >
                          <Icon name={item.icon} />
                          {item.title}
                        </Link>
                      </li>
                    ))}
                  </ul>
                </section>
              ))}
          </div>
          <div className="nav-foot">
            <span className="grow">
              <b className="cut">{viewer.name}</b>
              <small>{viewer.superAdmin ? 'Super admin' : 'Signed in'}</small>
            </span>
            <ThemeButton />
            <SignOut />
          </div>
        </nav>
        <main className="main" id="main" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      {isJumping && <Palette tenant={tenant} tenants={viewer.tenants?.nodes ?? []} close={() => setIsJumping(false)} />}
    </>
  );
}

function TenantSwitch({ viewer, tenant }: { viewer: Viewer; tenant: string | undefined }) {
  const navigate = useNavigate();
  const tenants = viewer.tenants?.nodes ?? [];
  const current = tenants.find(({ key }) => key === tenant);
  return (
    <MenuTrigger>
      <Button className="tenant">
        <span className="mark">
          <Icon name="gate" />
        </span>
        <span className="grow">
          <b className="cut">{tenant ?? 'No tenant'}</b>
          <small className="cut">{current?.name ?? 'Gatehouse'}</small>
        </span>
        <span className="sr">Switch tenant</span>
        <Icon name="updown" className="quiet" />
      </Button>
      <Popover className="pop menu" placement="bottom start">
        <Menu
          aria-label="Tenants"
          items={tenants.map(({ key, name }) => ({ id: key, name }))}
          onAction={(key) => void navigate({ to: '/t/$tenant', params: { tenant: String(key) } })}
        >
          {({ id, name }) => (
            <MenuItem className="menu-item" textValue={id}>
              <Icon name="tenant" />
              <span className="grow cut">
                {id} <span className="quiet">{name}</span>
              </span>
              {id === tenant && <Icon name="check" />}
            </MenuItem>
          )}
        </Menu>
      </Popover>
    </MenuTrigger>
  );
}

/** Ends the session, and at a provider that can do so the one there. */
function SignOut() {
  const leave = async () => {
    const response = await fetch('/auth/sign-out', { method: 'POST', headers: { 'Content-Type': 'application/json' } });
    const answer = response.status === 200 ? ((await response.json()) as { endSessionUrl?: string }) : {};
    location.assign(answer.endSessionUrl ?? '/auth/sign-in');
  };
  return (
    <button
      type="button"
      className="btn plain icon"
      aria-label="Sign out"
      title="Sign out"
      onClick={() => void leave()}
    >
      <Icon name="leave" />
    </button>
  );
}
