export interface Visit {
  readonly status: number;
  /** Where the redirects ended. */
  readonly url: string;
  readonly headers: Headers;
  readonly text: string;
  /** Every URL on the way. */
  readonly way: readonly string[];
}

interface Cookie {
  readonly value: string;
  readonly path: string;
}

/** A browser without scripts: it keeps cookies by host, whatever the port, and follows redirects. */
export class Browser {
  readonly cookies = new Map<string, Map<string, Cookie>>();

  #headerOf(url: URL): string {
    const all = [...(this.cookies.get(url.hostname) ?? [])].filter(([, { path }]) => url.pathname.startsWith(path));
    return all.map(([key, { value }]) => `${key.split(' ')[0]}=${value}`).join('; ');
  }

  #keep(url: URL, headers: Headers): void {
    const own = this.cookies.get(url.hostname) ?? new Map<string, Cookie>();
    this.cookies.set(url.hostname, own);
    for (const line of headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
      const [name = '', value = ''] = [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)];
      const of = (wanted: string) =>
        attributes.find((one) => one.toLowerCase().startsWith(`${wanted}=`))?.slice(wanted.length + 1);
      const path = of('path') ?? '/';
      const isOver = of('max-age') === '0' || (of('expires') !== undefined && new Date(of('expires')!) <= new Date());
      if (isOver) own.delete(`${name} ${path}`);
      else own.set(`${name} ${path}`, { value, path });
    }
  }

  /** Returns the value of a cookie. */
  cookie(name: string, host = 'localhost'): string | undefined {
    return [...(this.cookies.get(host) ?? [])].find(([key]) => key.split(' ')[0] === name)?.[1].value;
  }

  /** One request, without following redirects. */
  async request(url: string, init: RequestInit = {}): Promise<Response> {
    const target = new URL(url);
    const cookie = this.#headerOf(target);
    const headers = { ...(cookie && { cookie }), ...(init.headers as Record<string, string>) };
    const response = await fetch(target, { ...init, headers, redirect: 'manual' });
    this.#keep(target, response.headers);
    return response;
  }

  /** @param before stops before a redirect to a URL that it names. */
  async visit(url: string, init: RequestInit = {}, before?: RegExp): Promise<Visit> {
    const way = [url];
    let next = init;
    for (let current = url; ; ) {
      const response = await this.request(current, next);
      const location = response.headers.get('location');
      if (location === null || way.length > 20)
        return { status: response.status, url: current, headers: response.headers, text: await response.text(), way };
      current = new URL(location, current).href;
      way.push(current);
      if (before?.test(current)) return { status: 302, url: current, headers: response.headers, text: '', way };
      next = {};
    }
  }

  /** Sends a form. */
  submit(url: string, fields: Record<string, string>, before?: RegExp): Promise<Visit> {
    const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: new URL(url).origin };
    return this.visit(url, { method: 'POST', headers, body: new URLSearchParams(fields) }, before);
  }
}
