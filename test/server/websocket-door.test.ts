import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { password, World } from '../support/world.ts';
import { Socket } from './raw-socket.ts';
import { type Program, startPlainYoga, until } from './tools.ts';

describe('the upgrade to graphql-transport-ws', () => {
  let world: World;
  let plain: Program & { url: string };
  beforeAll(async () => {
    [world, plain] = await Promise.all([
      World.create({ config: { console: false, origins: ['https://console.example'] } }),
      startPlainYoga(),
    ]);
  });
  afterAll(async () => {
    await Promise.all([world.close(), plain.kill()]);
  });

  describe('origins', () => {
    const statusOf = (origin: string | undefined, to: string) =>
      new Promise<number>((resolve) => {
        const ws = new WebSocket(`${to.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
          ...(origin !== undefined && { origin }),
        });
        ws.on('unexpected-response', (_request, response) => {
          resolve(response.statusCode!);
          ws.terminate();
        });
        ws.on('open', () => {
          resolve(101);
          ws.terminate();
        });
        ws.on('error', () => undefined);
      });

    it('refuses other origins', async () => {
      for (const origin of ['https://evil.example', 'null', world.urls[0]!])
        expect([origin, await statusOf(origin, world.urls[0]!)]).toEqual([origin, 403]);
      expect(await statusOf('https://console.example', world.urls[0]!)).toBe(101);
      expect(await statusOf(undefined, world.urls[0]!)).toBe(101);
    });

    it('control: the stock server accepts every origin', async () => {
      expect(await statusOf('https://evil.example', plain.url)).toBe(101);
    });

    it('exists on one path only', async () => {
      const ws = new WebSocket(`${world.urls[0]!.replace('http', 'ws')}/other`, 'graphql-transport-ws');
      ws.on('error', () => undefined);
      const [, response] = (await once(ws, 'unexpected-response')) as [unknown, { statusCode: number }];
      expect(response.statusCode).toBe(404);
      ws.terminate();
    });
  });

  it('limits the sockets of an account', async () => {
    const few = await World.create({ limits: { socketsPerPrincipal: 2 } });
    try {
      const root = { authorization: few.root().headers['authorization']! };
      const init = () => new Socket(few.urls[0]!).init(root);
      const open = [await init(), await init()];
      expect(await (await init()).code()).toBe(1013);
      open[0]!.end();
      await until('a place', async () => {
        const next = await init();
        const free = next.messages.length === 1;
        next.end();
        return free;
      });
      for (const on of open) on.end();
      // An impersonator's sockets count for the impersonator.
      const { username } = await few.user('victim', [], { password });
      const acting = { ...root, 'x-gatehouse-impersonate': username };
      const asVictim: Socket[] = [];
      await until('places', async () => {
        const on = await new Socket(few.urls[0]!).init(acting);
        if (on.messages.length === 1) asVictim.push(on);
        return asVictim.length === 2;
      });
      const own = await new Socket(few.urls[0]!).init(few.basic(username).headers as { authorization: string });
      expect(own.messages.map(({ type }) => type)).toEqual(['connection_ack']);
      for (const on of [...asVictim, own]) on.end();
    } finally {
      await few.close();
    }
  });
});
