import type { Config } from '../../config.ts';
import { Provider } from './provider.ts';

/** The providers of the settings, by name. */
export type Providers = ReadonlyMap<string, Provider>;

export const createProviders = ({ providers, providerMs }: Config['signIn']): Providers =>
  new Map(providers.map((settings) => [settings.name, new Provider(settings, providerMs)]));
