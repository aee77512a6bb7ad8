import { Link, useLocation } from '@tanstack/react-router';
import { useRef, useState } from 'react';
import { Dialog as Content, Popover } from 'react-aria-components';
import { graphql } from 'react-relay/hooks';
import { type SavedView, useViewer } from '../access/viewer.ts';
import type { SavedViewsMutation } from '../generated/SavedViewsMutation.graphql.ts';
import { useAct } from '../relay/act.ts';
import { FormDialog } from './FormDialog.tsx';
import { TextField } from './fields.tsx';
import { Icon } from './Icon.tsx';
import { toast } from './toast.ts';

const save = graphql`
  mutation SavedViewsMutation($input: UpdateMySettingsInput!) {
    updateMySettings(input: $input) {
      settings
    }
  }
`;

/** The part of an address that belongs to a view: all but the place in the list and the open row. */
const searchOf = (search: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(search)
      .filter(([name]) => !['after', 'before', 'event', 'run'].includes(name))
      .map(([name, value]) => [name, String(value)]),
  );

/** Filters of this page that the viewer has named. Each is a link, and they are part of the settings. */
export function SavedViews() {
  const { pathname, search } = useLocation();
  const { settings } = useViewer();
  const [isOpen, setIsOpen] = useState(false);
  const [isNaming, setIsNaming] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const { run } = useAct<SavedViewsMutation>(save);
  const own = Object.entries(settings.views ?? {}).filter(([, { path }]) => path === pathname);
  return (
    <>
      <button ref={button} type="button" className="btn sm" aria-expanded={isOpen} onClick={() => setIsOpen(true)}>
        <Icon name="bookmark" />
        Views
        {own.length > 0 && <span className="count">{own.length}</span>}
      </button>
      <Popover
        className="pop why views"
        triggerRef={button}
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        placement="bottom end"
      >
        <Content aria-label="Saved views">
          {own.length === 0 && <p>Save the filters of this page under a name, to come back to them.</p>}
          <ul>
            {own.map(([name, view]) => (
              <li key={name} className="row">
                <ViewLink name={name} view={view} leave={() => setIsOpen(false)} />
                <button
                  type="button"
                  className="btn plain icon sm"
                  aria-label={`Delete the view ${name}`}
                  onClick={() => void run({ settings: { views: { [name]: null } } })}
                >
                  <Icon name="x" />
                </button>
              </li>
            ))}
          </ul>
          <button
            type="button"
            className="btn sm"
            onClick={() => {
              setIsOpen(false);
              setIsNaming(true);
            }}
          >
            <Icon name="plus" />
            Save this view
          </button>
        </Content>
      </Popover>
      {isNaming && (
        <FormDialog<SavedViewsMutation>
          title="Save this view"
          mutation={save}
          hasReason={false}
          submit="Save"
          inputOf={(values) => ({
            settings: { views: { [values.text('name') ?? '']: { path: pathname, search: searchOf(search) } } },
          })}
          done={() => {
            setIsNaming(false);
            toast('View saved');
          }}
          close={() => setIsNaming(false)}
        >
          <TextField name="name" label="Name" hint="Only you see your views. Its address can be shared." autoFocus />
        </FormDialog>
      )}
    </>
  );
}

function ViewLink({ name, view, leave }: { name: string; view: SavedView; leave: () => void }) {
  return (
    <Link className="grow cut" to={view.path as '/'} search={(view.search ?? {}) as never} onClick={leave}>
      {name}
    </Link>
  );
}
