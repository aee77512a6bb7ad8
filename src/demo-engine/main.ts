import { createInterface } from 'node:readline';
import { DemoEngine } from './engine.ts';

// The gateway starts this process and sends its options in one line. It ends when the gateway closes the input.
const drainMs = 2_000;
let engine: DemoEngine | undefined;
let ending: Promise<void> | undefined;
const end = (): void => {
  ending ??= (engine?.drain(drainMs) ?? Promise.resolve()).then(() => process.exit(0));
};
const input = createInterface({ input: process.stdin });
input.once('line', (line) => {
  const options = JSON.parse(line) as { url: string; token: string; journal: string };
  const log = (message: string, details: object) => console.error(JSON.stringify({ engine: message, ...details }));
  engine = new DemoEngine({ ...options, log });
  engine.start().catch((error) => {
    if (ending) return;
    log('the demo engine cannot start', { error: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  });
});
input.once('close', end);
process.on('SIGTERM', end);
// Ctrl-C reaches the gateway as well, which ends the engine.
process.on('SIGINT', () => undefined);
