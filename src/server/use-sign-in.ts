import type { Plugin } from 'graphql-yoga';
import type { SignIn } from './sign-in.ts';
import type { ServerContext } from './yoga.ts';

/** Signs in after the body is read and before the document is parsed. */
export function useSignIn(signIn: SignIn): Plugin {
  return {
    onParams: ({ context }) => signIn((context as unknown as ServerContext).req),
  };
}
