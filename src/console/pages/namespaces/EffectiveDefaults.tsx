import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { EffectiveDefaultsQuery } from '../../generated/EffectiveDefaultsQuery.graphql.ts';
import { useAnswer } from '../../relay/query.ts';
import { SelectField } from '../../ui/fields.tsx';

const query = graphql`
  query EffectiveDefaultsQuery($tenant: String!, $name: String!, $type: String!, $hasType: Boolean!) {
    tenant(key: $tenant) {
      plugins(first: 100, where: { kind: [TASK] }) {
        nodes {
          type
        }
      }
      namespace(name: $name) {
        effectivePluginDefaults(type: $type) @include(if: $hasType) {
          values
          properties {
            path
            namespaceName
            forced
            type
          }
        }
      }
    }
  }
`;

/** What a task of a type gets in the namespace, and from where: all defaults, merged. */
export function EffectiveDefaults({ tenant: key, namespace: name }: { tenant: string; namespace: string }) {
  const [type, setType] = useState('');
  const { tenant } = useAnswer<EffectiveDefaultsQuery>(query, { tenant: key, name, type, hasType: type !== '' });
  const found = tenant?.namespace?.effectivePluginDefaults;
  const valueAt = (path: string): unknown =>
    path
      .split('.')
      .reduce<unknown>(
        (value, part) => (value as Readonly<Record<string, unknown>> | undefined)?.[part],
        found?.values,
      );
  return (
    <section className="body stack" aria-label="What a task gets">
      <div className="section">
        <h2>What a task gets</h2>
      </div>
      <SelectField
        name="type"
        label="Type of the task"
        options={[
          { value: '', title: 'Choose a type' },
          ...(tenant?.plugins?.nodes ?? []).map((one) => ({ value: one.type, title: one.type })),
        ]}
        change={setType}
      />
      {found && found.properties.length === 0 && <p className="quiet">No default applies to this type.</p>}
      {found && found.properties.length > 0 && (
        <ul className="card list">
          {found.properties.map((one) => (
            <li key={one.path}>
              <b>{one.path}</b>
              <code className="grow cut">{JSON.stringify(valueAt(one.path))}</code>
              {one.forced && <span className="badge warn">forced</span>}
              <span className="quiet p2">
                {one.type} in {one.namespaceName}
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
