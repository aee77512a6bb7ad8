/** The document that calls a mutation with one variable, $i, its input. */
export const call = (field: string, select: string) =>
  `mutation($i: ${field[0]!.toUpperCase()}${field.slice(1)}Input!) { ${field}(input: $i) { ${select} } }`;
