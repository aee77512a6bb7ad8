import { Link } from '@tanstack/react-router';

export interface WhoseChipsProps {
  /** Values of `owner` in the address, with their titles. Undefined is the viewer. */
  readonly choices: readonly { readonly owner: string | undefined; readonly title: string }[];
  readonly owner: string | undefined;
}

/** Chooses between lists of one account and lists of many. */
export function WhoseChips({ choices, owner }: WhoseChipsProps) {
  if (choices.length < 2) return null;
  return choices.map((one) => (
    <Link
      key={one.title}
      className="chip"
      to="."
      search={(one.owner === undefined ? {} : { owner: one.owner }) as never}
      activeOptions={{ exact: true }}
      aria-current={one.owner === owner ? 'page' : undefined}
    >
      {one.title}
    </Link>
  ));
}
