import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { Icon } from './Icon.tsx';

export interface SearchBoxProps {
  readonly label: string;
  readonly text: string | undefined;
  /** False if there are other filters only. */
  readonly isSearched?: boolean;
  /** Further filters. */
  readonly children?: ReactNode;
}

/** Filters a list by a text, which is part of the address. `/` moves the focus here. */
export function SearchBox({ label, text, isSearched = true, children }: SearchBoxProps) {
  const navigate = useNavigate();
  const [value, setValue] = useState(text ?? '');
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      const { tagName } = document.activeElement ?? {};
      if (event.key !== '/' || tagName === 'INPUT' || tagName === 'TEXTAREA') return;
      event.preventDefault();
      box.current?.focus();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
  const search = (given: string) =>
    void navigate({
      to: '.',
      search: ((before: object) => ({
        ...before,
        text: given.trim() || undefined,
        after: undefined,
        before: undefined,
      })) as never,
      replace: true,
    });
  return (
    <search className="filters">
      {isSearched && (
        <form
          className="search"
          onSubmit={(event) => {
            event.preventDefault();
            search(value);
          }}
        >
          <Icon name="search" />
          <input
            ref={box}
            className="input"
            type="search"
            aria-label={label}
            placeholder="Search"
            value={value}
            onChange={({ target }) => {
              setValue(target.value);
              if (target.value === '') search('');
            }}
          />
          <kbd className="p2">/</kbd>
        </form>
      )}
      {children}
    </search>
  );
}
