const rows = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];

/** Rows of the height of a table while it loads, so that nothing jumps. */
export function Skeleton() {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {rows.map((row) => (
        <div key={row}>
          <i className="w1" />
          <i className="w2" />
          <i className="w3" />
        </div>
      ))}
    </div>
  );
}
