import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import { needs, useViewer } from '../../access/viewer.ts';
import type { BannerFormUpdateMutation } from '../../generated/BannerFormUpdateMutation.graphql.ts';
import type { BannersDeleteMutation } from '../../generated/BannersDeleteMutation.graphql.ts';
import type { BannersQuery } from '../../generated/BannersQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { type Column, DataTable, pageOf } from '../../ui/DataTable.tsx';
import { Empty } from '../../ui/Empty.tsx';
import { toast } from '../../ui/toast.ts';
import { EditBanner, severities, updateBanner } from './BannerForm.tsx';
import { CreateButton } from './CreateButton.tsx';
import { InWords, phaseOf, useNow } from './Period.tsx';
import { PhaseBadge } from './PhaseBadge.tsx';
import { RowActs } from './RowActs.tsx';
import type { MaintenanceSearch } from './search.ts';

const query = graphql`
  query BannersQuery(
    $tenant: String!
    $ofInstance: Boolean!
    $where: BannerWhere
    $first: Int
    $after: String
    $last: Int
    $before: String
  ) {
    tenant(key: $tenant) @skip(if: $ofInstance) {
      banners(where: $where, first: $first, after: $after, last: $last, before: $before) {
        ...Banners_list @relay(mask: false)
      }
    }
    instanceBanners(where: $where, first: $first, after: $after, last: $last, before: $before)
      @include(if: $ofInstance) {
      ...Banners_list @relay(mask: false)
    }
  }
`;

graphql`
  fragment Banners_list on BannerConnection {
    nodes {
      id
      message
      severity
      startsAt
      endsAt
      viewerPermissions
    }
    pageInfo {
      ...DataTable_pageInfo
    }
  }
`;

const remove = graphql`
  mutation BannersDeleteMutation($input: DeleteBannerInput!) {
    deleteBanner(input: $input) {
      deletedId
    }
  }
`;

type Banner = NonNullable<BannersQuery['response']['instanceBanners']>['nodes'][number];
interface Act {
  readonly kind: 'edit' | 'end' | 'delete';
  readonly one: Banner;
}

export function Banners({ tenant: key, search }: { tenant: string; search: MaintenanceSearch }) {
  const { settings } = useViewer();
  const now = useNow();
  const [act, setAct] = useState<Act>();
  const close = () => setAct(undefined);
  const ofInstance = search.of === 'instance';
  const { tenant, instanceBanners } = useAnswer<BannersQuery>(query, {
    tenant: key,
    ofInstance,
    where: search.now ? { at: now } : null,
    ...pageOf(search, settings.pageSize),
  });
  const found = ofInstance ? instanceBanners : tenant?.banners;
  if (!found) return <Empty icon="bookmark" title="You do not have permission to see the list of banners" />;
  return (
    <>
      <DataTable
        caption="Banners, newest first"
        columns={columnsOf(setAct)}
        rows={found.nodes}
        keyOf={({ id }) => id}
        pageInfo={found.pageInfo}
        empty={{
          icon: 'bookmark',
          title: search.now ? 'No banner is shown now' : 'No banners yet',
          text: search.now ? (
            <p>Remove the filter to see those that are planned or over.</p>
          ) : (
            <>
              <p>A banner shows a message at the top of every page, such as planned work.</p>
              <CreateButton tenant={key} tab="banners" />
            </>
          ),
        }}
      />
      {act?.kind === 'edit' && <EditBanner given={act.one} close={close} />}
      {act?.kind === 'end' && <EndNow one={act.one} close={close} />}
      {act?.kind === 'delete' && (
        <ConfirmDialog<BannersDeleteMutation>
          title="Delete the banner"
          mutation={remove}
          input={{ id: act.one.id }}
          submit="Delete"
          isDanger
          done={() => {
            close();
            toast('Banner deleted');
          }}
          close={close}
        >
          <p>{act.one.message}</p>
        </ConfirmDialog>
      )}
    </>
  );
}

function EndNow({ one, close }: { one: Banner; close: () => void }) {
  const [now] = useState(() => new Date().toISOString());
  return (
    <ConfirmDialog<BannerFormUpdateMutation>
      title="End the banner now"
      mutation={updateBanner}
      input={{ id: one.id, endsAt: now }}
      submit="End it now"
      done={() => {
        close();
        toast('Banner ended');
      }}
      close={close}
    >
      <p>{one.message}</p>
    </ConfirmDialog>
  );
}

const columnsOf = (act: (act: Act) => void): readonly Column<Banner>[] => [
  {
    title: 'Banner',
    className: 'main-cell fluid',
    cell: (one) => (
      <>
        {one.message}
        <InWords {...one} />
      </>
    ),
  },
  {
    title: 'State',
    cell: (one) => <PhaseBadge phase={phaseOf(one, Date.now())} inEffect="Shown" family="ok" />,
  },
  { title: 'Severity', className: 'p2', cell: ({ severity }) => severities[severity]?.title },
  {
    title: 'Actions',
    className: 'end',
    cell: (one) => (
      <RowActs
        name={one.message}
        phase={phaseOf(one, Date.now())}
        needs={{ update: needs.updateBanner, delete: needs.deleteBanner }}
        viewerPermissions={one.viewerPermissions}
        act={(kind) => act({ kind, one })}
      />
    ),
  },
];
