import type { PolicySettings } from '../../config.ts';
import type { PolicyPlugin } from '../contract.ts';

type Settings = Readonly<Record<string, PolicySettings>>;

export interface CarriedOver {
  /** The settings by current names. */
  readonly settings: Settings;
  readonly mayGrant: readonly string[];
  readonly faults: readonly string[];
}

/** Converts settings of former policy names to the current names. `enabled` and `shadow` are kept. */
export function carryOver(
  plugins: readonly { readonly name: string; readonly formerly?: PolicyPlugin['formerly'] | undefined }[],
  settings: Settings,
  mayGrant: readonly string[],
): CarriedOver {
  const carried: Record<string, PolicySettings> = { ...settings };
  const faults: string[] = [];
  const present = new Map<string, string>();
  for (const { name, formerly = {} } of plugins) {
    for (const [former, convert] of Object.entries(formerly)) {
      if (plugins.some((plugin) => plugin.name === former)) continue;
      present.set(former, name);
      const own = carried[former];
      if (own === undefined) continue;
      delete carried[former];
      if (settings[name] !== undefined) {
        faults.push(
          `policies.${former}: it is named ${name} now, and settings for ${name} exist; remove one of the two`,
        );
        continue;
      }
      const { enabled, shadow, ...rest } = own;
      carried[name] = { ...convert(rest), enabled, shadow };
    }
  }
  return { settings: carried, mayGrant: mayGrant.map((name) => present.get(name) ?? name), faults };
}
