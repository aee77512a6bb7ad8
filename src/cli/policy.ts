import '../resources/index.ts';
import { policyAccept } from './policy-accept.ts';
import { newUsage, policyNew } from './policy-new.ts';
import { policyReplay, replayUsage } from './policy-replay.ts';
import { policyTest } from './policy-test.ts';
import { type Command, UsageError } from './usage.ts';

const verbs: Readonly<Record<string, (args: readonly string[]) => Promise<number>>> = {
  accept: policyAccept,
  new: policyNew,
  replay: policyReplay,
  test: policyTest,
};

export const policyCommand: Command = {
  name: 'policy',
  usage: `policy accept | ${newUsage} | ${replayUsage} | policy test FILE…`,
  forms: ['policy accept', newUsage, replayUsage, 'policy test FILE…'],
  description:
    'Put the policies of the settings in force; create one; replay decisions with a configuration; test policies.',
  async run([verb = '', ...args]) {
    const run = Object.hasOwn(verbs, verb) ? verbs[verb] : undefined;
    if (!run) throw new UsageError(`Usage: gatehouse ${policyCommand.usage}`);
    return run(args);
  },
};
