import { parseArgs } from 'node:util';
import { ask, readRemote, remoteOptions, remoteUsage } from './remote.ts';
import { type Command, UsageError, usedAs } from './usage.ts';

const usage = `whoami ${remoteUsage}`;

const document = /* GraphQL */ `
  query { viewer { name superAdmin credential credentialExpiresAt tenants { nodes { key } } } }
`;
interface Answer {
  readonly viewer: {
    readonly name: string;
    readonly superAdmin: boolean;
    readonly credential: string;
    readonly credentialExpiresAt: string | null;
    readonly tenants: { readonly nodes: readonly { readonly key: string }[] };
  };
}

export const whoamiCommand: Command = {
  name: 'whoami',
  usage,
  description: 'Show the gateway and the account that commands use.',
  async run(args) {
    const remote = await usedAs(`Usage: gatehouse ${usage}`, () => {
      const { values } = parseArgs({ args: [...args], options: remoteOptions });
      return readRemote(values);
    });
    const { data, errors } = await ask<Answer>(remote, document, {});
    if (!data?.viewer) throw new UsageError(errors?.[0]?.message ?? 'The gateway does not answer.');
    const { name, superAdmin, credential, credentialExpiresAt, tenants } = data.viewer;
    console.log(`Server:     ${remote.url.replace(/\/graphql$/, '')}`);
    if (remote.profile !== undefined) console.log(`Profile:    ${remote.profile}`);
    console.log(`Account:    ${name}${superAdmin ? ' (super admin)' : ''}`);
    console.log(`Credential: ${credential}${credentialExpiresAt ? `, expires ${credentialExpiresAt}` : ''}`);
    console.log(`Tenants:    ${tenants.nodes.map(({ key }) => key).join(', ') || 'none'}`);
    return 0;
  },
};
