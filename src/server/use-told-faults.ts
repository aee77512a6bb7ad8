import type { Plugin } from 'graphql-yoga';
import { errorCodes } from '../errors.ts';
import type { Mask } from '../graphql/mask.ts';

/** Whatever throws while a request is handled is masked: the library's own answer to it would be a stack. */
export function useToldFaults(mask: Mask): Plugin {
  return {
    onRequest({ requestHandler, setRequestHandler, fetchAPI }) {
      setRequestHandler(async (request, context) => {
        try {
          return await requestHandler(request, context);
        } catch (error) {
          const { message, extensions } = mask(error);
          const code = extensions['code'] as keyof typeof errorCodes;
          return new fetchAPI.Response(JSON.stringify({ errors: [{ message, extensions: { code } }] }), {
            status: errorCodes[code] ?? 500,
            headers: { 'Content-Type': 'application/json' },
          });
        }
      });
    },
  };
}
