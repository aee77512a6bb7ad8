import { graphql } from 'react-relay/hooks';
import { useViewer } from '../../access/viewer.ts';
import type { BannerFormCreateMutation } from '../../generated/BannerFormCreateMutation.graphql.ts';
import type { BannerFormUpdateMutation, BannerSeverity } from '../../generated/BannerFormUpdateMutation.graphql.ts';
import { FormDialog } from '../../ui/FormDialog.tsx';
import { CheckField, SelectField, TextField } from '../../ui/fields.tsx';
import { toast } from '../../ui/toast.ts';
import { changedPeriod, newPeriod, type Period, PeriodFields } from './Period.tsx';

const create = graphql`
  mutation BannerFormCreateMutation($input: CreateBannerInput!) {
    createBanner(input: $input) {
      banner {
        id
      }
    }
  }
`;

export const updateBanner = graphql`
  mutation BannerFormUpdateMutation($input: UpdateBannerInput!) {
    updateBanner(input: $input) {
      banner {
        id
      }
    }
  }
`;

export const severities: Readonly<Record<string, { readonly title: string; readonly family: string }>> = {
  INFO: { title: 'Information', family: 'run' },
  WARNING: { title: 'Warning', family: 'warn' },
  ERROR: { title: 'Problem', family: 'fail' },
};

interface Fields extends Period {
  readonly message: string;
  readonly severity: string;
}

const BannerFields = ({ given }: { given?: Fields | undefined }) => (
  <>
    <TextField
      name="message"
      label="Message"
      rows={3}
      hint="At most 2,000 characters. It is at the top of every page."
      value={given?.message}
      autoFocus
    />
    <SelectField
      name="severity"
      label="Severity"
      value={given?.severity ?? 'INFO'}
      options={Object.entries(severities).map(([value, { title }]) => ({ value, title }))}
    />
    <PeriodFields period={given} />
  </>
);

export function BannerForm({ tenant, close }: { tenant: string; close: () => void }) {
  const { superAdmin } = useViewer();
  return (
    <FormDialog<BannerFormCreateMutation>
      title="Create a banner"
      mutation={create}
      submit="Create"
      inputOf={(values) => ({
        message: values.text('message') ?? '',
        severity: values.text('severity') as BannerSeverity,
        ...(!values.isOn('everywhere') && { tenantKey: tenant }),
        ...newPeriod(values),
      })}
      done={() => {
        close();
        toast('Banner created');
      }}
      close={close}
    >
      <BannerFields />
      {superAdmin && <CheckField name="everywhere" label="Show it in all tenants" />}
    </FormDialog>
  );
}

export function EditBanner({ given, close }: { given: Fields & { readonly id: string }; close: () => void }) {
  return (
    <FormDialog<BannerFormUpdateMutation>
      title="Edit the banner"
      mutation={updateBanner}
      submit="Save"
      inputOf={(values) => ({
        id: given.id,
        message: values.text('message'),
        severity: values.text('severity') as BannerSeverity,
        ...changedPeriod(values, given),
      })}
      done={() => {
        close();
        toast('Banner saved');
      }}
      close={close}
    >
      <BannerFields given={given} />
    </FormDialog>
  );
}
