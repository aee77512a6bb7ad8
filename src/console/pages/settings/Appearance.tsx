import { graphql } from 'react-relay/hooks';
import { useViewer } from '../../access/viewer.ts';
import { applyTheme } from '../../frame/theme.ts';
import type { AppearanceMutation } from '../../generated/AppearanceMutation.graphql.ts';
import type { AppearanceQuery } from '../../generated/AppearanceQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { ActForm } from '../../ui/FormDialog.tsx';
import { SelectField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';

const query = graphql`
  query AppearanceQuery {
    serverInfo {
      limits {
        pageSize
      }
    }
    viewer {
      tenants(first: 100) {
        nodes {
          key
          name
        }
      }
    }
  }
`;

const save = graphql`
  mutation AppearanceMutation($input: UpdateMySettingsInput!) {
    updateMySettings(input: $input) {
      settings
    }
  }
`;

const zones = Intl.supportedValuesOf('timeZone');
const sizes = [20, 50, 100];

export function Appearance() {
  const { settings } = useViewer();
  const { serverInfo, viewer } = useAnswer<AppearanceQuery>(query, {});
  return (
    <div className="body">
      <div className="form read">
        <ActForm<AppearanceMutation>
          mutation={save}
          submit="Save"
          hasReason={false}
          inputOf={(values) => ({
            settings: {
              theme: values.text('theme') ?? null,
              timeZone: values.text('timeZone') ?? null,
              defaultTenant: values.text('defaultTenant') ?? null,
              pageSize: values.text('pageSize') === undefined ? null : Number(values.text('pageSize')),
            },
          })}
          done={(_answer, values) => {
            applyTheme(values.text('theme') as 'light' | 'dark' | 'system');
            toast('Settings saved');
          }}
        >
          <SelectField
            name="theme"
            label="Theme"
            value={settings.theme ?? 'system'}
            options={[
              { value: 'system', title: 'As the system' },
              { value: 'light', title: 'Light' },
              { value: 'dark', title: 'Dark' },
            ]}
          />
          <SelectField
            name="timeZone"
            label="Time zone"
            hint="UTC is shown when you point at a time."
            value={settings.timeZone ?? ''}
            options={[
              { value: '', title: 'As the browser' },
              ...zones.map((value) => ({ value, title: value.replaceAll('_', ' ') })),
            ]}
          />
          <SelectField
            name="defaultTenant"
            label="First tenant"
            hint="The console opens there."
            value={settings.defaultTenant ?? ''}
            options={[
              { value: '', title: 'The first of the list' },
              ...(viewer.tenants?.nodes ?? []).map(({ key, name }) => ({ value: key, title: `${key} ${name}` })),
            ]}
          />
          <SelectField
            name="pageSize"
            label="Rows of a page"
            value={settings.pageSize === undefined ? '' : String(settings.pageSize)}
            options={[
              { value: '', title: '50' },
              ...sizes
                .filter((size) => size !== 50 && size <= serverInfo.limits.pageSize)
                .map((size) => ({ value: String(size), title: String(size) })),
            ]}
          />
        </ActForm>
      </div>
    </div>
  );
}
