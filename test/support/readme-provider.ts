import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ProviderSettings, readConfig } from '../../src/config.ts';

export const secret = 'only for development';

/** The provider of the lines that the documents show. @param folder for the file. */
export function readmeProvider(folder: string): ProviderSettings {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'src', 'server', 'README.md'), 'utf8');
  const [, lines = ''] = /^# sso\.yaml\n([\s\S]*?)^```/m.exec(text)!;
  const path = join(folder, 'sso.yaml');
  writeFileSync(path, lines);
  return readConfig({ GATEHOUSE_CONFIG: path, IDP_SECRET: secret }).signIn.providers[0]!;
}
