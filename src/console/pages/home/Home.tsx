import { Link, useSearch } from '@tanstack/react-router';
import { useMay } from '../../access/viewer.ts';
import { Page } from '../../ui/Page.tsx';
import { useOpenedAt } from '../../ui/useOpenedAt.ts';
import { windows } from '../../ui/windows.ts';
import { useTenant } from '../tenant.ts';
import { Counts } from './Counts.tsx';
import { Runs } from './Runs.tsx';
import { homeWindows, usualWindow } from './search.ts';

/** What runs and fails in a tenant, and what is in it. */
export function Home() {
  const tenant = useTenant();
  const { since = usualWindow } = useSearch({ from: '/t/$tenant' });
  const opened = useOpenedAt();
  const mayRead = useMay('EXECUTION:READ');
  return (
    <Page
      title="Home"
      crumbs={[{ title: tenant }]}
      actions={
        mayRead && (
          <nav className="segments" aria-label="Time">
            {homeWindows.map((name) => (
              <Link
                key={name}
                className="btn sm"
                to="."
                search={(name === usualWindow ? {} : { since: name }) as never}
                aria-current={name === since ? 'true' : undefined}
              >
                {windows[name]?.title}
              </Link>
            ))}
          </nav>
        )
      }
    >
      {mayRead && <Runs tenant={tenant} since={since} now={opened} />}
      <Counts tenant={tenant} />
    </Page>
  );
}
