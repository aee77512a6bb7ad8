import type { Issue } from '../../../errors.ts';
import { fold } from '../../../lib/text.ts';
import type { Description, DescriptionFile, Person } from './model.ts';

/** The request for one tenant, and its places in the file. */
export interface TenantPart {
  readonly key: string;
  readonly description: Description;
  /** Path of the tenant in the file. */
  readonly path: Issue['path'];
  /** Maps a path of the mutation's input to a path in the file. */
  placeOf(path: Issue['path']): Issue['path'];
}

/**
 * One part per tenant. Users of the instance are sent with each tenant that grants them access; users without access
 * are sent with the first.
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
