declare module 'oidc-provider' {
  import type { RequestListener } from 'node:http';
  /** The part that the provider of development uses. */
  export default class Provider {
    constructor(issuer: string, configuration: object);
    callback(): RequestListener;
    on(event: string, listener: (...args: any[]) => void): this;
    readonly Grant: new (
      of: object,
    ) => { addOIDCScope(scope: string): void; addOIDCClaims(claims: string[]): void; save(): Promise<string> };
  }
}
