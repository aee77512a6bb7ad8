import { Link, useSearch } from '@tanstack/react-router';
import { useMay } from '../../access/viewer.ts';
import { Page } from '../../ui/Page.tsx';
import { SavedViews } from '../../ui/SavedViews.tsx';
import { TabLink } from '../../ui/TabLink.tsx';
import { useTenant } from '../tenant.ts';
import { Banners } from './Banners.tsx';
import { CreateButton } from './CreateButton.tsx';
import { KillSwitches } from './KillSwitches.tsx';
import type { MaintenanceSearch } from './search.ts';

/** Stops executions, and shows banners to everyone. */
export function Maintenance() {
  const tenant = useTenant();
  const search: MaintenanceSearch = useSearch({ from: '/t/$tenant/maintenance' });
  const { tab } = search;
  const seesInstance = useMay(tab === 'banners' ? 'BANNER:READ' : 'KILL_SWITCH:READ', 'instance');
  const List = tab === 'banners' ? Banners : KillSwitches;
  return (
    <Page
      title="Maintenance"
      crumbs={[{ title: tenant }, { title: 'Oversight' }]}
      actions={<CreateButton tenant={tenant} tab={tab} />}
      tabs={
        <>
          <TabLink title="Kill switches" tab={undefined} open={tab} />
          <TabLink title="Banners" tab="banners" open={tab} />
        </>
      }
      filters={
        <search className="filters">
          {seesInstance && (
            <>
              <Chip title="This tenant" isOn={search.of === undefined} set={{ of: undefined }} />
              <Chip title="All tenants" isOn={search.of === 'instance'} set={{ of: 'instance' }} />
            </>
          )}
          <Chip
            title="Only now"
            isOn={search.now === 'yes'}
            set={{ now: search.now === 'yes' ? undefined : 'yes' }}
            isToggle
          />
          <span className="grow" />
          <SavedViews />
        </search>
      }
    >
      <List key={tab} tenant={tenant} search={search} />
    </Page>
  );
}

interface ChipProps {
  readonly title: string;
  readonly isOn: boolean;
  readonly isToggle?: boolean;
  readonly set: MaintenanceSearch;
}

const Chip = ({ title, isOn, isToggle = false, set }: ChipProps) => (
  <Link
    className={`chip ${isOn && isToggle ? 'on' : ''}`}
    to="."
    search={((before: object) => ({ ...before, ...set, after: undefined, before: undefined })) as never}
    activeOptions={{ exact: true }}
    aria-current={isOn ? 'true' : undefined}
  >
    {title}
  </Link>
);
