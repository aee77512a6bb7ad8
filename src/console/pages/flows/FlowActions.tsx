import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { Button, Menu, MenuItem, MenuTrigger, Popover } from 'react-aria-components';
import { graphql } from 'react-relay/hooks';
import { ActionButton } from '../../access/ActionButton.tsx';
import { needs } from '../../access/viewer.ts';
import type { FlowActionsDeleteMutation } from '../../generated/FlowActionsDeleteMutation.graphql.ts';
import type { FlowActionsDisableMutation } from '../../generated/FlowActionsDisableMutation.graphql.ts';
import { ConfirmDialog } from '../../ui/ConfirmDialog.tsx';
import { RunDialog } from '../../ui/executions/RunDialog.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { toast } from '../../ui/toast.ts';

const disable = graphql`
  mutation FlowActionsDisableMutation($input: SetFlowDisabledInput!) {
    setFlowDisabled(input: $input) {
      flow {
        id
        disabled
      }
    }
  }
`;

const remove = graphql`
  mutation FlowActionsDeleteMutation($input: DeleteFlowInput!) {
    deleteFlow(input: $input) {
      deletedId
    }
  }
`;

export interface FlowActionsProps {
  readonly tenant: string;
  readonly flow: {
    readonly id: string;
    readonly flowId: string;
    readonly namespaceName: string;
    readonly disabled: boolean;
    readonly inputs: unknown;
    readonly activeKillSwitch: { readonly behavior: string; readonly title: string } | null | undefined;
    readonly viewerPermissions: readonly string[];
  };
  readonly deleted: () => void;
}

/** The acts on a flow. */
export function FlowActions({ tenant, flow, deleted }: FlowActionsProps) {
  const navigate = useNavigate();
  const [open, setOpen] = useState<'run' | 'disable' | 'delete'>();
  const close = () => setOpen(undefined);
  const { id, flowId, namespaceName, disabled } = flow;
  const may = (action: string) => flow.viewerPermissions.includes(action);
  return (
    <>
      <ActionButton
        permission={needs.setFlowDisabled}
        isAllowed={may('UPDATE')}
        icon={disabled ? 'play' : 'pause'}
        onPress={() => setOpen('disable')}
      >
        {disabled ? 'Enable…' : 'Disable…'}
      </ActionButton>
      <ActionButton
        permission={needs.deleteFlow}
        isAllowed={may('DELETE')}
        className="danger"
        onPress={() => setOpen('delete')}
      >
        Delete…
      </ActionButton>
      <MenuTrigger>
        <Button className="btn icon" aria-label="More">
          <Icon name="more" />
        </Button>
        <Popover className="pop menu" placement="bottom end">
          <Menu aria-label="More">
            <MenuItem
              className="menu-item"
              href={exportAddress(tenant, { namespaceName, flowId })}
              download=""
              textValue="Export"
            >
              <Icon name="export" />
              Export as ZIP
            </MenuItem>
            <MenuItem
              className="menu-item"
              textValue="Copy to a new flow"
              onAction={() =>
                void navigate({
                  to: '/t/$tenant/flows/new',
                  params: { tenant },
                  search: { copy: `${namespaceName}/${flowId}` },
                })
              }
            >
              <Icon name="copy" />
              Copy to a new flow
            </MenuItem>
          </Menu>
        </Popover>
      </MenuTrigger>
      <ActionButton
        permission={needs.createExecution}
        icon="play"
        className="primary"
        why={whyNotRun(flow)}
        onPress={() => setOpen('run')}
      >
        Run
      </ActionButton>
      {open === 'run' && <RunDialog tenant={tenant} flow={flow} close={close} />}
      {open === 'disable' && (
        <ConfirmDialog<FlowActionsDisableMutation>
          title={disabled ? `Enable ${flowId}` : `Disable ${flowId}`}
          mutation={disable}
          input={{ id, disabled: !disabled }}
          submit={disabled ? 'Enable' : 'Disable'}
          done={() => {
            close();
            toast(disabled ? 'Flow enabled' : 'Flow disabled');
          }}
          close={close}
        >
          <p>
            {disabled
              ? 'Its triggers start executions again, as far as they are enabled themselves.'
              : 'It starts no executions until it is enabled. Those that run go on.'}
          </p>
        </ConfirmDialog>
      )}
      {open === 'delete' && (
        <ConfirmDialog<FlowActionsDeleteMutation>
          title={`Delete ${flowId}`}
          mutation={remove}
          input={{ id }}
          submit="Delete"
          isDanger
          done={() => {
            toast(`Flow ${flowId} deleted`);
            deleted();
          }}
          close={close}
        >
          <p>
            Its executions and revisions are kept. The state of its triggers is deleted. You can restore the flow from
            its activity.
          </p>
        </ConfirmDialog>
      )}
    </>
  );
}

function whyNotRun({ disabled, activeKillSwitch: stopped }: FlowActionsProps['flow']): string | undefined {
  if (stopped?.behavior === 'KILL') return `The kill switch “${stopped.title}” refuses new executions. End it first.`;
  if (stopped) return `The kill switch “${stopped.title}” holds new executions. End it first.`;
  return disabled ? 'The flow is disabled. Enable it first.' : undefined;
}

/** The address of a file with the sources of the flows that a filter selects. */
export const exportAddress = (tenant: string, where: object): string =>
  `/tenants/${encodeURIComponent(tenant)}/flows.zip?where=${encodeURIComponent(JSON.stringify(where))}`;
