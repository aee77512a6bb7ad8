/** Returns a document that calls a mutation with its input in the variable $i. */
export const call = (field: string, select: string) =>
  `mutation($i: ${field[0]!.toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $i) { ${select} } }`;
