import type { Plugin } from 'graphql-yoga';
import { errorCodes } from '../errors.ts';
import type { Mask } from '../graphql/mask.ts';

/** Masks errors thrown outside of execution. The library would respond with a stack trace. */
export function useMaskedFaults(mask: Mask): Plugin {
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
