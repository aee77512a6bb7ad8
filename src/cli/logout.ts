import { parseArgs } from 'node:util';
import { checkName, defaultProfile, type Profile, readProfiles, writeProfile } from './profiles.ts';
import { ask, type Remote, type RemoteError } from './remote.ts';
import { type Command, UsageError, usedAs } from './usage.ts';

const usage = 'logout [--profile NAME] [--local]';

const revoke = /* GraphQL */ `
  mutation($id: ID!) { revokeApiToken(input: { id: $id }) { apiToken { id } } }
`;

const isRefused = ({ extensions }: RemoteError): boolean => extensions?.code === 'UNAUTHENTICATED';

/** Revokes the token of a profile. A token that is no longer valid needs nothing. @throws if it stays valid. */
export async function revokeOwnToken({ server, token, tokenId }: Profile): Promise<void> {
  const remote: Remote = { url: `${server}/graphql`, authorization: `Bearer ${token}` };
  const { errors: [fault] = [] } = await ask(remote, revoke, { id: tokenId });
  if (fault && !isRefused(fault)) throw new Error(fault.message);
}

export const logoutCommand: Command = {
  name: 'logout',
  usage,
  description: 'Revoke the token of a profile, and delete the profile. With --local, only delete it.',
  async run(args) {
    const { name, local } = await usedAs(`Usage: gatehouse ${usage}`, () => {
      const options = {
        profile: { type: 'string', default: defaultProfile },
        local: { type: 'boolean', default: false },
      } as const;
      const { values } = parseArgs({ args: [...args], options });
      return { name: checkName(values.profile), local: values.local };
    });
    const profile = (await usedAs('', () => readProfiles()))[name];
    if (!profile) throw new UsageError(`The profile ${name} does not exist.`);
    if (!local)
      await revokeOwnToken(profile).catch((error: Error) => {
        throw new UsageError(
          `The token could not be revoked: ${error.message}\nThe profile is kept. Try again, or delete it with --local.`,
        );
      });
    writeProfile(name, undefined);
    console.log(local ? `Deleted the profile ${name}. Its token is still valid.` : `Signed out of ${profile.server}.`);
    return 0;
  },
};
