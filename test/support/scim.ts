/** An answer of a SCIM endpoint. */
export interface ScimAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: any;
}

export const patchOp = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
export const core = 'urn:ietf:params:scim:schemas:core:2.0';

/** A provisioning client of one tenant. */
export class ScimClient {
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(url: string, tenant: string, token: string) {
    this.base = `${url}/scim/v2/${tenant}`;
    this.headers = { authorization: `Bearer ${token}` };
  }

  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ScimAnswer> {
    const response = await fetch(`${this.base}${path}`, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/scim+json' }), ...this.headers, ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  get = (path: string, headers?: Readonly<Record<string, string>>) => this.send('GET', path, undefined, headers);
  post = (path: string, body: unknown) => this.send('POST', path, body);
  put = (path: string, body: unknown, headers?: Readonly<Record<string, string>>) =>
    this.send('PUT', path, body, headers);
  delete = (path: string, headers?: Readonly<Record<string, string>>) => this.send('DELETE', path, undefined, headers);
  patch = (path: string, Operations: readonly object[], headers?: Readonly<Record<string, string>>) =>
    this.send('PATCH', path, { schemas: [patchOp], Operations }, headers);
  /** The first resources that match. */
  find = async (type: 'Users' | 'Groups', filter: string) =>
    (await this.get(`/${type}?filter=${encodeURIComponent(filter)}`)).body;
}
