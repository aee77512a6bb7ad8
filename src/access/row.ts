/** A stored row. */
export type Row = Readonly<Record<string, unknown>>;

/** A row before and after a change; null if it does not exist. */
export interface RowChange {
  readonly before: Row | null;
  readonly after: Row | null;
}
