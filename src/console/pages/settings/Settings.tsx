import { Link, useSearch } from '@tanstack/react-router';
import { Page } from '../../ui/Page.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { useTenant } from '../tenant.ts';
import { Appearance } from './Appearance.tsx';
import { Passkeys } from './Passkeys.tsx';
import { Profile } from './Profile.tsx';
import { SecondFactor } from './SecondFactor.tsx';

/** What a person decides about themselves: their password, their second factor, and how the console looks. */
export function Settings() {
  const tenant = useTenant();
  const { tab } = useSearch({ from: '/t/$tenant/settings' });
  return (
    <Page
      title="Your settings"
      crumbs={[{ title: tenant }]}
      actions={
        <>
          <Link className="btn" to="/t/$tenant/api-tokens" params={{ tenant }}>
            Your API tokens
          </Link>
          <Link className="btn" to="/t/$tenant/sessions" params={{ tenant }}>
            Your sessions
          </Link>
        </>
      }
      tabs={
        <>
          <TabLink title="Profile" tab={undefined} open={tab} />
          <TabLink title="Second factor" tab="second-factor" open={tab} />
          <TabLink title="Passkeys" tab="passkeys" open={tab} />
          <TabLink title="Appearance" tab="appearance" open={tab} />
        </>
      }
    >
      {tab === undefined && <Profile />}
      {tab === 'second-factor' && <SecondFactor />}
      {tab === 'passkeys' && <Passkeys />}
      {tab === 'appearance' && <Appearance />}
    </Page>
  );
}
