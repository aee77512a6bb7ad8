/**
 * Returns a function that decides whether a page of an origin can use the gateway. Requests without an origin do not
 * come from a page and are allowed. HTTP, SSE and WebSocket share this rule.
 * @param hasPage true if the gateway serves the console or GraphiQL. Its own origin is then always allowed.
 */
export function createOriginRule(
  origins: readonly string[] | undefined,
  hasPage: boolean,
): (origin: string | undefined, host: string | undefined) => boolean {
  const allowed = origins && new Set(origins);
  return (origin, host) => {
    if (origin === undefined || allowed?.has(origin)) return true;
    return (!allowed || hasPage) && host !== undefined && URL.parse(origin)?.host === host;
  };
}
