import { groupSchema } from './groups.ts';
import { userSchema } from './users.ts';

/** What clients read about the endpoint (RFC 7643, sections 5 to 7). */

type Mutability = 'readOnly' | 'readWrite';
interface Attribute {
  readonly name: string;
  readonly type?: 'string' | 'boolean' | 'complex' | 'reference' | 'dateTime';
  readonly description: string;
  readonly required?: boolean;
  readonly multiValued?: boolean;
  readonly caseExact?: boolean;
  readonly mutability?: Mutability;
  readonly returned?: 'always' | 'default';
  readonly uniqueness?: 'none' | 'server';
  readonly referenceTypes?: readonly string[];
  readonly subAttributes?: readonly Attribute[];
}

const attribute = ({ subAttributes, ...given }: Attribute): object => ({
  type: 'string',
  multiValued: false,
  required: false,
  caseExact: false,
  mutability: 'readWrite',
  returned: 'default',
  uniqueness: 'none',
  ...given,
  ...(subAttributes && { subAttributes: subAttributes.map(attribute) }),
});

const link = (referenceTypes: string[]): Attribute => ({
  name: '$ref',
  type: 'reference',
  referenceTypes,
  mutability: 'readOnly',
  caseExact: true,
  description: 'URL of the resource.',
});
const display: Attribute = { name: 'display', mutability: 'readOnly', description: 'Its name.' };

const userAttributes: readonly Attribute[] = [
  {
    name: 'userName',
    required: true,
    uniqueness: 'server',
    description: 'User name, unique in the instance: at most 100 characters, without spaces and colons.',
  },
  {
    name: 'name',
    type: 'complex',
    description: 'The name of the person.',
    subAttributes: [
      { name: 'formatted', mutability: 'readOnly', description: 'First and last name.' },
      { name: 'givenName', description: 'First name.' },
      { name: 'familyName', description: 'Last name.' },
    ],
  },
  { name: 'displayName', mutability: 'readOnly', description: 'First and last name, else the user name.' },
  {
    name: 'active',
    type: 'boolean',
    description:
      'False for a disabled user. A user whom the tenant does not own loses the access to it instead of becoming inactive.',
  },
  {
    name: 'emails',
    type: 'complex',
    multiValued: true,
    description: 'The e-mail address. A user has exactly one.',
    subAttributes: [
      { name: 'value', uniqueness: 'server', description: 'The address, unique in the instance.' },
      { name: 'type', mutability: 'readOnly', description: 'Always work.' },
      { name: 'primary', type: 'boolean', mutability: 'readOnly', description: 'Always true.' },
    ],
  },
  {
    name: 'groups',
    type: 'complex',
    multiValued: true,
    mutability: 'readOnly',
    description: 'The groups of the user in the tenant.',
    subAttributes: [
      { name: 'value', mutability: 'readOnly', caseExact: true, description: 'ID of the group.' },
      link(['Group']),
      display,
      { name: 'type', mutability: 'readOnly', description: 'Always direct.' },
    ],
  },
];

const groupAttributes: readonly Attribute[] = [
  {
    name: 'displayName',
    required: true,
    uniqueness: 'server',
    description: 'Name of the group, unique in the tenant.',
  },
  {
    name: 'members',
    type: 'complex',
    multiValued: true,
    description: 'The users in the group.',
    subAttributes: [
      { name: 'value', caseExact: true, description: 'ID of the user.' },
      link(['User']),
      display,
      { name: 'type', mutability: 'readOnly', description: 'Always User.' },
    ],
  },
];

const core = 'urn:ietf:params:scim:schemas:core:2.0';

export function serviceProviderConfig(base: string, maxResults: number) {
  return {
    schemas: [`${core}:ServiceProviderConfig`],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: true },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'A token of a service account of the tenant.',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}/ServiceProviderConfig` },
  };
}

export const resourceTypes = (base: string) =>
  [
    { name: 'User', endpoint: '/Users', description: 'A user with access to the tenant.', schema: userSchema },
    { name: 'Group', endpoint: '/Groups', description: 'A group of the tenant.', schema: groupSchema },
  ].map((type) => ({
    schemas: [`${core}:ResourceType`],
    id: type.name,
    ...type,
    schemaExtensions: [],
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${type.name}` },
  }));

export const schemas = (base: string) =>
  [
    { id: userSchema, name: 'User', description: 'A user with access to the tenant.', attributes: userAttributes },
    { id: groupSchema, name: 'Group', description: 'A group of the tenant.', attributes: groupAttributes },
  ].map(({ attributes, ...schema }) => ({
    schemas: [`${core}:Schema`],
    ...schema,
    attributes: attributes.map(attribute),
    meta: { resourceType: 'Schema', location: `${base}/Schemas/${schema.id}` },
  }));
