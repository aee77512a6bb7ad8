import type { Issue } from '../../../errors.ts';
import { fold } from '../../../lib/text.ts';
import type { Description, DescriptionFile, Person } from './model.ts';

/** What is sent for one tenant, and where in the file it was said. */
export interface TenantPart {
  readonly key: string;
  readonly description: Description;
  /** Where the file speaks of the tenant. */
  readonly path: Issue['path'];
  /** Where the file says what a fault of the mutation's input is about. */
  placeOf(path: Issue['path']): Issue['path'];
}

/**
 * One part for each tenant. The people of the instance go with each tenant that gives them access; whom none names go
 * with the first.
 */
export function byTenant(file: DescriptionFile): TenantPart[] {
  const people = (file.users ?? []).map((person, index) => ({ person, index }));
  const tenants = file.tenant
    ? [{ tenant: file.tenant, path: ['tenant'] }]
    : (file.tenants ?? []).map((tenant, i) => ({ tenant, path: ['tenants', i] }));
  const named = new Set(tenants.flatMap(({ tenant }) => (tenant.users ?? []).map(fold)));
  return tenants.map(({ tenant: { key, ...content }, path }, i) => {
    const own = new Set((content.users ?? []).map(fold));
    const isOurs = ({ username }: Person) => own.has(fold(username)) || (i === 0 && !named.has(fold(username)));
    const ours = people.filter(({ person }) => isOurs(person));
    return {
      key,
      description: { ...content, ...(ours.length > 0 && { people: ours.map(({ person }) => person) }) },
      path,
      placeOf: ([input, field, first, ...rest]) => {
        if (input !== 'input' || field !== 'description') return field === 'tenant' ? [...path, 'key'] : path;
        if (first !== 'people') return first === undefined ? path : [...path, first, ...rest];
        const [index, ...deeper] = rest;
        return index === undefined ? ['users'] : ['users', ours[Number(index)]?.index ?? 0, ...deeper];
      },
    };
  });
}
