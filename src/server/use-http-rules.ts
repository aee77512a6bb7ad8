import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { GatehouseError } from '../errors.ts';
import { NotUtf8, textOf } from '../lib/text-file.ts';
import { isJsonType } from './cookie-rule.ts';

const isOfBody = (error: unknown): boolean =>
  error instanceof GraphQLError && (error.extensions['http'] as { spec?: boolean } | undefined)?.spec === true;

/** Decodes the body strictly. Text in another encoding would otherwise be altered silently. */
async function decoded(request: Request): Promise<Request> {
  const text = textOf(Buffer.from(await request.arrayBuffer()));
  return { json: async () => JSON.parse(text) as unknown } as Request;
}

const refused = (message: string) => new GatehouseError('BAD_INPUT', message, { http: { status: 400 } });

/**
 * Accepts only JSON over HTTP. Other content types, which a page of another site could send without a preflight, are
 * refused. A session cookie has further rules (cookie-rule.ts).
 */
export function useHttpRules(): Plugin {
  return {
    onRequest({ request, endResponse, fetchAPI }) {
      if (request.method !== 'POST') return;
      if (isJsonType(request.headers.get('content-type') ?? undefined)) return;
      const message = 'Send application/json.';
      endResponse(
        new fetchAPI.Response(JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_INPUT' } }] }), {
          status: 415,
          headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
        }),
      );
    },
    onResponse({ response, setResponse, fetchAPI }) {
      if (response.status !== 406) return;
      const message =
        'The Accept header contains no supported type. Accept application/json or application/graphql-response+json; for a subscription, text/event-stream or multipart/mixed with subscriptionSpec=1.0.';
      setResponse(
        new fetchAPI.Response(JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_INPUT' } }] }), {
          status: 406,
          headers: { 'Content-Type': 'application/json' },
        }),
      );
    },
    onRequestParse({ requestParser, setRequestParser }) {
      if (!requestParser) return;
      setRequestParser(async (request) => {
        try {
          return await requestParser(request.method === 'POST' ? await decoded(request) : request);
        } catch (error) {
          // Variables in a URL are JSON too, but the parser of GET does not convert their errors. The parser of a body
          // quotes the body in its error and responds with 200 to clients that accept application/json.
          if (error instanceof SyntaxError || error instanceof URIError || isOfBody(error)) {
            throw refused('The request is not valid JSON.');
          }
          if (error instanceof NotUtf8) throw refused(error.message.replace('Save the file', 'Send it'));
          throw error;
        }
      });
    },
  };
}
