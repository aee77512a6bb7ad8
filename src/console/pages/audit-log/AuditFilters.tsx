import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, useRef, useState } from 'react';
import { Dialog as Content, Popover } from 'react-aria-components';
import { SelectField, TextField } from '../../ui/fields.tsx';
import { Icon } from '../../ui/Icon.tsx';
import { type AuditSearch, kindInWords, kinds, windows } from './search.ts';

const titles: Readonly<Partial<Record<keyof AuditSearch, string>>> = {
  since: 'Time',
  under: 'Namespace',
  actor: 'Actor',
  kind: 'Kind',
  request: 'Request',
};

const inWords = (name: string, value: string): string => {
  if (name === 'since') return windows[value]?.title ?? value;
  if (name === 'kind') return kindInWords(value);
  return name === 'under' ? `${value} and below` : value;
};

/** Each filter that is set is a link to the view without it. Others are added by a form. */
export function AuditFilters({ search }: { search: AuditSearch }) {
  const on = Object.entries(titles).filter(([name]) => search[name as keyof AuditSearch] !== undefined);
  return (
    <>
      {on.map(([name, title]) => (
        <Link
          key={name}
          className="chip on"
          to="."
          search={
            ((before: object) => ({ ...before, [name]: undefined, after: undefined, before: undefined })) as never
          }
        >
          <span>{title}</span> {inWords(name, String(search[name as keyof AuditSearch]))}
          <span className="sr">: remove this filter</span>
          <Icon name="x" />
        </Link>
      ))}
      <AddFilter search={search} />
      {on.length + (search.outcome ? 1 : 0) > 1 && (
        <Link className="btn plain sm" to="." search={{} as never}>
          Clear
        </Link>
      )}
    </>
  );
}

function AddFilter({ search }: { search: AuditSearch }) {
  const navigate = useNavigate();
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const given = Object.fromEntries(
      ['since', 'kind', 'under', 'actor'].map((name) => [name, String(data.get(name) ?? '').trim() || undefined]),
    );
    setIsOpen(false);
    void navigate({
      to: '.',
      search: ((before: object) => ({ ...before, ...given, after: undefined, before: undefined })) as never,
    });
  };
  return (
    <>
      <button ref={button} type="button" className="chip add" aria-expanded={isOpen} onClick={() => setIsOpen(true)}>
        <Icon name="plus" />
        Filter
      </button>
      <Popover
        className="pop why"
        triggerRef={button}
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        placement="bottom start"
      >
        <Content aria-label="Filters">
          <form className="form" onSubmit={submit}>
            <SelectField
              name="since"
              label="Time"
              value={search.since ?? ''}
              options={[
                { value: '', title: 'Any' },
                ...Object.entries(windows).map(([value, { title }]) => ({ value, title })),
              ]}
            />
            <SelectField
              name="kind"
              label="Kind"
              value={search.kind ?? ''}
              options={[{ value: '', title: 'Any' }, ...kinds.map((value) => ({ value, title: kindInWords(value) }))]}
            />
            <TextField name="under" label="Namespace, and below" value={search.under} isOptional />
            <TextField name="actor" label="Name of the actor" value={search.actor} isOptional />
            <button type="submit" className="btn primary">
              Show
            </button>
          </form>
        </Content>
      </Popover>
    </>
  );
}
