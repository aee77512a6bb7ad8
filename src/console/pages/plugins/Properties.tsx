interface Property {
  readonly type?: unknown;
  readonly description?: unknown;
  readonly title?: unknown;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
}

const textOf = (value: unknown): string =>
  value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);

/** The properties of a type, by its JSON Schema. */
export function Properties({ schema }: { schema: unknown }) {
  const { properties, required } = (schema ?? {}) as {
    properties?: Readonly<Record<string, Property>>;
    required?: readonly string[];
  };
  const rows = Object.entries(properties ?? {});
  if (rows.length === 0) return null;
  return (
    <section aria-label="Properties">
      <div className="section">
        <h2>Properties</h2>
        <span className="count">{rows.length}</span>
      </div>
      <div className="card flat">
        <table className="data steps">
          <caption className="sr">Properties</caption>
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col">Type</th>
              <th scope="col">What it is</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(([name, property]) => (
              <tr key={name}>
                <td className="main-cell">
                  <code>{name}</code> {required?.includes(name) && <span className="badge accent">required</span>}
                </td>
                <td className="quiet">
                  {Array.isArray(property.type) ? property.type.join(' or ') : textOf(property.type)}
                </td>
                <td className="wrap">
                  {textOf(property.description ?? property.title)}
                  {property.enum && <span className="quiet"> One of {property.enum.map(textOf).join(', ')}.</span>}
                  {property.default !== undefined && (
                    <span className="quiet"> Default: {textOf(property.default)}.</span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
