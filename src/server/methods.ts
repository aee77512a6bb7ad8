/** Allowed methods of the GraphQL endpoint and of downloads. */
export const graphqlMethods = ['GET', 'POST'] as const;
export const fileMethods = ['GET'] as const;

/** Returns the error message for a method that is not allowed. */
export function methodFault(method: string | undefined, methods: readonly string[]): string {
  const use = `Use ${methods.join(' or ')}.`;
  // In its single connection mode, graphql-sse reserves the connection with PUT and ends it with DELETE.
  return (method === 'PUT' || method === 'DELETE') && methods.includes('POST')
    ? `${use} Subscriptions over SSE have one connection each: set singleConnection: false in graphql-sse.`
    : use;
}
