import type { Plugin } from 'graphql-yoga';
import type { ServerContext } from './server-context.ts';
import type { SignIn } from './sign-in.ts';

/** Signs in after the body is read and before the document is parsed. */
export function useSignIn(signIn: SignIn): Plugin {
  return {
    onParams: ({ context }) => {
      const { req, res } = context as unknown as ServerContext;
      return signIn(req, res);
    },
  };
}
