import { z } from 'zod';
import { isPermission, type Permission } from '../../../access/catalog.ts';
import { fold } from '../../../lib/text.ts';
import { serviceAccountName } from '../../identity/service-account/service.ts';
import { namespaceName } from '../../orchestration/namespace/service.ts';
import { description, displayName, email, personName, tenantKey, username } from '../../rules.ts';

const list = <T extends z.ZodType>(item: T) =>
  z.array(item).max(10_000, 'A list can have at most 10,000 items.').optional();
const reference = z.string().min(1, 'A name cannot be empty.').max(300);

export const permissions = z
  .record(z.string(), z.array(z.string()).max(20))
  .superRefine((resources, context) => {
    for (const [resource, actions] of Object.entries(resources)) {
      actions.forEach((action, i) => {
        if (!isPermission(`${resource}:${action}`))
          context.addIssue({
            code: 'custom',
            path: [resource, i],
            message: `The permission ${resource}:${action} does not exist.`,
          });
      });
    }
  })
  .describe('Permissions of the role: { FLOW: [READ, UPDATE], … }.');

export const permissionsIn = (resources: z.infer<typeof permissions>): Permission[] =>
  Object.entries(resources).flatMap(([resource, actions]) =>
    actions.map((action) => `${resource}:${action}` as Permission),
  );

const subjectKinds = ['user', 'group', 'serviceAccount'] as const;
const binding = z
  .strictObject({
    user: reference.optional(),
    group: reference.optional(),
    serviceAccount: reference.optional(),
    role: reference,
    namespace: namespaceName.optional(),
  })
  .refine((content) => subjectKinds.filter((kind) => content[kind] !== undefined).length === 1, {
    error: 'A binding requires exactly one of user, group and serviceAccount.',
  });

/** Omitted fields are kept. A list manages its kind: unlisted objects are deleted only with `prune`. */
const tenantFields = {
  name: displayName.optional(),
  description,
  /** User names of users with access. */
  users: list(username),
  serviceAccounts: list(z.strictObject({ name: serviceAccountName, description })),
  roles: list(z.strictObject({ name: displayName, description, permissions, isDefault: z.boolean().optional() })),
  /** Owners and members by user name; service accounts as service-account:NAME. */
  groups: list(z.strictObject({ name: displayName, description, owners: list(reference), members: list(reference) })),
  bindings: list(binding),
  namespaces: list(z.strictObject({ name: namespaceName, description })),
};

const person = z.strictObject({
  username,
  email,
  firstName: personName,
  lastName: personName,
});

type Named = string | { readonly name: string };
type Path = (string | number)[];
type Report = (path: Path, message: string) => void;

/** Refuses duplicates, as they can differ. */
function twice<T>(report: Report, path: Path, items: readonly T[] | undefined, keyOf: (item: T) => string): void {
  const seen = new Set<string>();
  items?.forEach((item, i) => {
    const key = keyOf(item);
    if (seen.has(key)) report([...path, i], 'Duplicate entry. Describe each object once.');
    seen.add(key);
  });
}
const nameOf = (item: Named): string => fold(typeof item === 'string' ? item : item.name);

function distinct(content: z.infer<typeof tenantObject>, report: Report): void {
  for (const kind of ['users', 'serviceAccounts', 'roles', 'groups', 'namespaces'] as const)
    twice(report, [kind], content[kind] as readonly Named[] | undefined, nameOf);
  twice(report, ['bindings'], content.bindings, ({ user, group, serviceAccount, role, namespace }) =>
    JSON.stringify([user && fold(user), group && fold(group), serviceAccount, fold(role), namespace]),
  );
  content.groups?.forEach(({ owners = [], members = [] }, i) => {
    twice(report, ['groups', i, 'owners'], owners, fold);
    const owning = new Set(owners.map(fold));
    twice(report, ['groups', i, 'members'], members, fold);
    members.forEach((member, j) => {
      if (owning.has(fold(member)))
        report(['groups', i, 'members', j], 'An owner cannot be listed as a member as well.');
    });
  });
}

function distinctPeople(people: readonly z.infer<typeof person>[] | undefined, path: Path, report: Report): void {
  twice(report, path, people, (one) => fold(one.username));
  twice(report, path, people, (one) => fold(one.email));
}

const reporter =
  (context: z.RefinementCtx): Report =>
  (path, message) =>
    context.addIssue({ code: 'custom', path, message });

const tenantObject = z.strictObject(tenantFields);

/** The intended state of one tenant, with the users of the instance that it requires. */
export const tenantDescription = z
  .strictObject({ ...tenantFields, people: list(person) })
  .superRefine(({ people, ...content }, context) => {
    distinct(content, reporter(context));
    distinctPeople(people, ['people'], reporter(context));
  });
export type Description = z.infer<typeof tenantDescription>;
export type Person = z.infer<typeof person>;

/** A tenant of a file: its key and its intended state. */
export const tenantInFile = z
  .strictObject({ key: tenantKey, ...tenantFields })
  .superRefine((content, context) => distinct(content, reporter(context)));

/** A file: one tenant or several, and users of the instance. */
export const descriptionFile = z
  .strictObject({ tenant: tenantInFile.optional(), tenants: list(tenantInFile), users: list(person) })
  .superRefine((file, context) => {
    const report = reporter(context);
    if ((file.tenant === undefined) === (file.tenants === undefined))
      report([], 'A description requires either `tenant` or `tenants`.');
    twice(report, ['tenants'], file.tenants, ({ key }) => key);
    distinctPeople(file.users, ['users'], report);
  });
export type DescriptionFile = z.infer<typeof descriptionFile>;
