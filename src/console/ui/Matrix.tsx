const actions = ['CREATE', 'READ', 'UPDATE', 'DELETE'] as const;
const titles: Readonly<Record<string, string>> = { CREATE: 'Create', READ: 'Read', UPDATE: 'Update', DELETE: 'Delete' };
const parts = [
  { level: 'NAMESPACE', title: 'In the namespace of the binding, and below' },
  { level: 'TENANT', title: 'In the whole tenant' },
] as const;

interface Resource {
  readonly resource: string;
  readonly permissions: readonly { readonly action: string; readonly gates: string; readonly level: string }[];
}

export interface MatrixProps {
  readonly catalog: readonly Resource[];
  readonly before: ReadonlySet<string>;
  readonly after: ReadonlySet<string>;
  /** Omit to show only. */
  readonly toggle?: ((permission: string) => void) | undefined;
}

const named: Readonly<Record<string, string>> = { AUDITLOG: 'Audit log', API_TOKEN: 'API token' };
/** AUDITLOG → Audit log */
export const resourceInWords = (resource: string): string => {
  if (named[resource] !== undefined) return named[resource];
  const text = resource.toLowerCase().replaceAll('_', ' ');
  return text.slice(0, 1).toUpperCase() + text.slice(1);
};

/** Resources by actions. A change is marked until it is saved. */
export function Matrix({ catalog, before, after, toggle }: MatrixProps) {
  return (
    <div className="card flat">
      <table className="matrix">
        <caption className="sr">Permissions by resource and action</caption>
        <thead>
          <tr>
            <th scope="col">Resource</th>
            {actions.map((action) => (
              <th key={action} scope="col">
                {titles[action]}
              </th>
            ))}
          </tr>
        </thead>
        {parts.map(({ level, title }) => (
          <tbody key={level}>
            <tr className="group">
              <th colSpan={5} scope="rowgroup">
                {title}
              </th>
            </tr>
            {catalog
              .filter(({ permissions }) => permissions.some((one) => one.level === level))
              .map(({ resource, permissions }) => (
                <tr key={resource}>
                  <th scope="row">{resourceInWords(resource)}</th>
                  {actions.map((action) => {
                    const known = permissions.find((one) => one.action === action && one.level === level);
                    const name = `${resource}:${action}`;
                    return (
                      <td key={action}>
                        {known ? (
                          <span className={`cell ${markOf(before.has(name), after.has(name))}`}>
                            <input
                              type="checkbox"
                              aria-label={`${titles[action]} ${resourceInWords(resource)}`}
                              title={known.gates}
                              checked={after.has(name)}
                              disabled={!toggle}
                              onChange={() => toggle?.(name)}
                            />
                          </span>
                        ) : (
                          <span aria-hidden="true" className="quiet">
                            ·
                          </span>
                        )}
                      </td>
                    );
                  })}
                </tr>
              ))}
          </tbody>
        ))}
      </table>
      <p className="key">
        <span>
          <i className="cell added" />
          added
        </span>
        <span>
          <i className="cell removed" />
          removed
        </span>
      </p>
    </div>
  );
}

const markOf = (was: boolean, is: boolean): string => (was === is ? '' : is ? 'added' : 'removed');
