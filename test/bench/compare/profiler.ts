/** Loaded before the server: profiles it from SIGUSR2 until SIGTERM, without its start. */
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector/promises';

const session = new Session();
session.connect();
process.once('SIGUSR2', async () => {
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
});
process.prependOnceListener('SIGTERM', async () => {
  const { profile } = await session.post('Profiler.stop');
  writeFileSync(process.env['PROFILE']!, JSON.stringify(profile));
});
