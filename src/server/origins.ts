/**
 * Is a page of this origin allowed to talk to the gateway? No origin: it is no page. One rule for HTTP, SSE and WebSocket.
 * @param hasPage does the gateway serve a page of its own? A list of other origins does not shut it out.
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
