import { Link, useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { Dialog as Content, Popover } from 'react-aria-components';
import { Dialog } from './Dialog.tsx';
import { Icon } from './Icon.tsx';
import { useIsNarrow } from './useIsNarrow.ts';

export interface Filter {
  /** Its name in the address. Several values of one filter are separated by commas. */
  readonly name: string;
  readonly title: string;
  readonly inWords?: (value: string) => string;
  /** The value without a choice, which is shown too, and cannot be removed. */
  readonly usual?: string;
  /** The controls of the filter, which have its name. */
  readonly field: (value: string | undefined) => ReactNode;
}

export interface FiltersProps {
  readonly filters: readonly Filter[];
  readonly search: object;
  /** Filters of the page that are shown elsewhere, and that Clear removes too. */
  readonly others?: readonly string[];
}

const without =
  (...names: string[]) =>
  (before: object) => ({
    ...before,
    ...Object.fromEntries(names.map((name) => [name, undefined])),
    after: undefined,
    before: undefined,
  });

/** Each filter that is set is a link to the view without it. Others are added by a form, which is a sheet on a phone. */
export function Filters({ filters, search, others = [] }: FiltersProps) {
  const given = search as Readonly<Record<string, unknown>>;
  const on = filters.filter(({ name }) => given[name] !== undefined);
  const count = on.length + others.filter((name) => given[name] !== undefined).length;
  return (
    <>
      {filters.map(({ name, title, usual, inWords = String }) => {
        if (given[name] === undefined)
          return (
            usual !== undefined && (
              <span key={name} className="chip">
                <span>{title}</span> {inWords(usual)}
              </span>
            )
          );
        return (
          <Link key={name} className="chip on" to="." search={without(name) as never}>
            <span>{title}</span> {inWords(String(given[name]))}
            <span className="sr">: remove this filter</span>
            <Icon name="x" />
          </Link>
        );
      })}
      <AddFilter filters={filters} given={given} />
      {count > 1 && (
        <Link
          className="btn plain sm"
          to="."
          search={without(...filters.map(({ name }) => name), ...others, 'text') as never}
        >
          Clear
        </Link>
      )}
    </>
  );
}

interface AddFilterProps {
  readonly filters: readonly Filter[];
  readonly given: Readonly<Record<string, unknown>>;
}

function AddFilter({ filters, given }: AddFilterProps) {
  const navigate = useNavigate();
  const isNarrow = useIsNarrow();
  const [isOpen, setIsOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const data = new FormData(event.currentTarget);
    const values = filters.map(({ name, usual }) => {
      const value = data
        .getAll(name)
        .map((one) => String(one).trim())
        .filter(Boolean)
        .join(',');
      return [name, value === '' || value === usual ? undefined : value];
    });
    setIsOpen(false);
    void navigate({
      to: '.',
      search: ((before: object) => ({
        ...before,
        ...Object.fromEntries(values),
        after: undefined,
        before: undefined,
      })) as never,
    });
  };
  const form = (
    <form className="form" onSubmit={submit}>
      {filters.map(({ name, field }) => (
        <div key={name}>{field(given[name] === undefined ? undefined : String(given[name]))}</div>
      ))}
      <button type="submit" className="btn primary">
        Show
      </button>
    </form>
  );
  return (
    <>
      <button ref={button} type="button" className="chip add" aria-expanded={isOpen} onClick={() => setIsOpen(true)}>
        <Icon name="plus" />
        Filter
      </button>
      {isNarrow ? (
        isOpen && (
          <Dialog title="Filters" close={() => setIsOpen(false)} isLight>
            {form}
          </Dialog>
        )
      ) : (
        <Popover
          className="pop why filter-form"
          triggerRef={button}
          isOpen={isOpen}
          onOpenChange={setIsOpen}
          placement="bottom start"
        >
          <Content aria-label="Filters">{form}</Content>
        </Popover>
      )}
    </>
  );
}
