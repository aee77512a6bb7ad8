import { serverAudits } from 'graphql-http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { World } from '../support/world.ts';

describe('the audit suite of graphql-http', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.create();
  });
  afterAll(() => world.close());

  const audit = async (headers: Record<string, string>) => {
    const audits = serverAudits({
      url: `${world.urls[0]}/graphql`,
      fetchFn: (url: string, init: RequestInit = {}) =>
        fetch(url, { ...init, headers: { ...(init.headers as Record<string, string>), ...headers } }),
    });
    const results = await Promise.all(audits.map((each) => each.fn()));
    // A new version with more audits must be noticed.
    expect(audits).toHaveLength(61);
    expect(world.log).toEqual([]);
    return results.filter(({ status }) => status !== 'ok');
  };

  it('passes completely for an authenticated client', async () => {
    const failed = await audit(world.root().headers);
    expect(failed.map((result) => [result.id, result.name, 'reason' in result ? result.reason : ''])).toEqual([]);
  });

  it('passes without credentials, except for the audits that request the schema', async () => {
    const failed = await audit({});
    expect(failed.map(({ id }) => id).sort()).toEqual(['28B9', '2EA1', '6A70', 'BF61', 'D6D5']);
    for (const result of failed) {
      const { response } = result as { response?: Response };
      expect([result.id, response?.status]).toEqual([result.id, 401]);
      expect(await response!.json()).toMatchObject({ errors: [{ extensions: { code: 'UNAUTHENTICATED' } }] });
    }
  });

  it('control: fails for a server that does not follow the specification', async () => {
    const audits = serverAudits({ url: `${world.urls[0]}/healthz`, fetchFn: fetch });
    const results = await Promise.all(audits.map((audit) => audit.fn()));
    expect(results.some(({ status }) => status === 'error')).toBe(true);
  });
});
