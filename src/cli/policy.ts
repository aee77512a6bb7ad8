import '../resources/index.ts';
import { policyAccept } from './policy-accept.ts';
import { newUsage, policyNew } from './policy-new.ts';
import { policyReplay, replayUsage } from './policy-replay.ts';
import { type Command, UsageError } from './usage.ts';

const verbs: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  accept: policyAccept,
  new: policyNew,
  replay: policyReplay,
};

export const policyCommand: Command = {
  name: 'policy',
  usage: `policy accept | ${newUsage} | ${replayUsage}`,
  description: 'Put the present policies in force; write a new one; see what a configuration would have changed.',
  async run([verb = '', ...args]) {
    const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
    if (!run) throw new UsageError(`Usage: gatehouse ${policyCommand.usage}`);
    return run(args);
  },
};
