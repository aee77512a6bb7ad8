import type { GraphiQLOptions } from 'graphql-yoga';

/** What GraphiQL shows at first. */
export const graphiqlPage: GraphiQLOptions = {
  title: 'Gatehouse',
  headers: JSON.stringify({ authorization: 'Basic <base64 of user:password>, or Bearer <API token>' }, null, 2),
  defaultQuery: `# Sign in: put your credentials into the Headers tab below, such as
#   { "authorization": "Bearer gth_..." }
{
  viewer {
    name
    superAdmin
    tenants { nodes { key name } }
  }
}
`,
};
