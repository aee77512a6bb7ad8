/** The methods of the GraphQL endpoint and of the files. */
export const graphqlMethods = ['GET', 'POST'] as const;
export const fileMethods = ['GET'] as const;

/** What to do instead of a method that is not served. */
export function methodFault(method: string | undefined, methods: readonly string[]): string {
  const use = `Use ${methods.join(' or ')}.`;
  // graphql-sse reserves its single connection by PUT and ends it by DELETE.
  return (method === 'PUT' || method === 'DELETE') && methods.includes('POST')
    ? `${use} Subscriptions over SSE have one connection each: set singleConnection: false in graphql-sse.`
    : use;
}
