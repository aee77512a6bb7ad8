import { join, relative } from 'node:path';
import type { Plugin } from 'vite';

const operation = /graphql`\s*(?:query|mutation|subscription|fragment)\s+(\w+)[^`]*`/g;

/** Replaces each GraphQL document by the artifact that relay-compiler wrote for it. */
export function relay(artifacts: string): Plugin {
  return {
    name: 'relay',
    enforce: 'pre',
    transform(code, id) {
      if (!/\.tsx?$/.test(id) || id.includes('node_modules') || !code.includes('graphql`')) return undefined;
      const imports: string[] = [];
      const replaced = code.replace(operation, (_document, name: string) => {
        const path = relative(join(id, '..'), join(artifacts, `${name}.graphql.ts`));
        imports.push(`import ${name}Artifact from '${path.startsWith('.') ? path : `./${path}`}';`);
        return `${name}Artifact`;
      });
      // On one line, so that the lines of the file stay the same.
      return { code: `${imports.join(' ')} ${replaced}`, map: null };
    },
  };
}
