/** A row as it is stored. */
export type Row = Readonly<Record<string, unknown>>;

/** Before and after of a change; null where the row did not exist or no longer does. */
export interface RowChange {
  readonly before: Row | null;
  readonly after: Row | null;
}
