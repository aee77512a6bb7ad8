import { providerTest, testUsage } from './provider-test.ts';
import { type Command, UsageError } from './usage.ts';

export const providerCommand: Command = {
  name: 'provider',
  usage: testUsage,
  description: 'Show which groups and rights the claims of a person give by the rules of a provider. Changes nothing.',
  async run([verb, ...args]) {
    if (verb !== 'test') throw new UsageError(`Usage: gatehouse ${testUsage}`);
    return providerTest(args);
  },
};
