import { instantEngine } from './support.ts';

// An engine in a process of its own, to be killed: it runs each execution to its end at once.
const [url, token, journal] = process.argv.slice(2) as [string, string, string];
const { engine, resume } = instantEngine({ url, token, journal });
await engine.start(resume);
console.log('started');
process.on('SIGTERM', () => void engine.drain().then(() => process.exit(0)));
