/** Is a page of this origin allowed to talk to the gateway? No origin: it is no page. One rule for HTTP, SSE and WebSocket. */
export function createOriginRule(
  origins: readonly string[] | undefined,
): (origin: string | undefined, host: string | undefined) => boolean {
  const allowed = origins && new Set(origins);
  return (origin, host) => {
    if (origin === undefined) return true;
    if (allowed) return allowed.has(origin);
    // Without a list: the gateway's own pages only.
    return host !== undefined && URL.parse(origin)?.host === host;
  };
}
