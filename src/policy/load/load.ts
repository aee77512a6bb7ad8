import { existsSync, readdirSync } from 'node:fs';
import { basename, extname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { type Action, actions, resourceNames } from '../../access/catalog.ts';
import type { PolicySettings } from '../../config.ts';
import { OperatorError } from '../../lib/operator-error.ts';
import type { Policy, PolicyHost, PolicyPlugin } from '../contract.ts';
import { impersonation } from '../decide/built-in-guards/impersonation.ts';
import { Faults, faultsOf } from './load-faults.ts';
import { inPolicyFiles } from './policy-files.ts';
import { at, type PlaceOf, pathOf, References } from './references.ts';
import { carryOver } from './renames.ts';
import './package-alias.ts';

/** A loaded policy, ready to evaluate requests. */
export interface LoadedPolicy {
  readonly name: string;
  readonly description: string;
  readonly mode: 'guard' | 'grant';
  readonly shadow: boolean;
  readonly resources: ReadonlySet<string>;
  readonly actions: ReadonlySet<Action>;
  readonly reads: readonly string[];
  readonly judgesRows?: boolean;
  /** True if it has no effect with its settings. */
  readonly isInert?: boolean;
  /** The effective settings, for authorized readers and for the fingerprint. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly builtIn: boolean;
  /**
   * Ids of the objects that its settings name. A group that is deleted and created again under its name has another id.
   */
  readonly references?: Readonly<Record<string, string>>;
  /** Faults for service accounts that its settings name and that do not exist. */
  readonly unmatched?: readonly string[];
  readonly policy: Policy;
}

export interface PolicySet {
  readonly policies: readonly LoadedPolicy[];
  /** Names of the guards that are disabled by `enabled: false`. */
  readonly disabled: readonly string[];
  /** Groups that a policy exempts. Changing their members requires POLICY:UPDATE. */
  readonly exceptedGroups: ReadonlySet<string>;
  /** Former names of its policies. */
  readonly formerNames?: ReadonlySet<string>;
  /** Names in the settings that have no policy file. Set only if that is allowed. */
  readonly absent?: readonly string[];
  /** Every policy that has a file, also if it is disabled. */
  readonly available?: readonly AvailablePolicy[];
}

/** A policy that settings can enable. */
export interface AvailablePolicy {
  readonly name: string;
  readonly description: string;
  readonly mode: 'guard' | 'grant';
  /** Model of its settings. */
  readonly model: z.ZodType;
}

export class PolicyLoadError extends OperatorError {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The policies cannot be loaded:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'PolicyLoadError';
    this.faults = faults;
  }
}

const noSettings = z.strictObject({});
const shape = z.object({
  name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'is not in kebab case'),
  description: z.string().min(1),
  resources: z.array(z.enum(resourceNames as [string, ...string[]])).min(1),
  actions: z.array(z.enum(actions)).min(1).optional(),
  mode: z.enum(['guard', 'grant']).default('guard'),
  reads: z.array(z.enum(['id', 'ip', 'now', 'credential', 'reason'])).default([]),
  judgesRows: z.boolean().default(false),
  isInert: z.custom<PolicyPlugin['isInert']>((value) => typeof value === 'function', 'is not a function').optional(),
  config: z.custom<z.ZodType>((value) => value instanceof z.ZodType, 'is not a zod model').optional(),
  formerly: z
    .custom<NonNullable<PolicyPlugin['formerly']>>(
      (value) => typeof value === 'object' && value !== null,
      'is not an object',
    )
    .optional(),
  create: z.custom<PolicyPlugin['create']>((value) => typeof value === 'function', 'is not a function'),
});

export interface LoadOptions {
  readonly folders: readonly string[];
  readonly settings: Readonly<Record<string, PolicySettings>>;
  readonly mayGrant: readonly string[];
  /** The operator's folder of files that settings can name. */
  readonly files?: string | undefined;
  /** Group ids by 'tenant-key/group name'. */
  readonly groups: ReadonlyMap<string, string>;
  /** Tenant ids by key. */
  readonly tenants: ReadonlyMap<string, string>;
  /**
   * All service accounts as 'tenant-key/name', instance-wide ones as '/name'. Omit to skip the check of their names.
   */
  readonly serviceAccounts?: ReadonlySet<string> | undefined;
  /** Returns the file and line of a setting. */
  readonly placeOf?: PlaceOf | undefined;
  /**
   * If true, ignores settings of policies that have no file. A gateway can then start and wait until an operator
   * accepts.
   */
  readonly mayLack?: boolean | undefined;
}

/**
 * Loads every policy of the folders.
 * @throws {PolicyLoadError} with the file and fault of every policy that cannot be loaded. None is skipped silently.
 */
export async function loadPolicies({
  folders,
  settings: given,
  mayGrant: grants,
  files: policyFiles,
  groups,
  tenants,
  serviceAccounts,
  placeOf,
  mayLack = false,
}: LoadOptions): Promise<PolicySet> {
  const faults: string[] = [];
  const policies: LoadedPolicy[] = [];
  const disabled: string[] = [];
  const exceptedGroups = new Set<string>();
  const files = new Map<string, string>();

  for (const folder of folders) {
    if (!existsSync(folder)) faults.push(`${folder}: this folder does not exist`);
    else {
      for (const file of readdirSync(folder).sort()) {
        if (!/\.(ts|js|mjs)$/.test(file) || /\.(test|d)\.ts$/.test(file)) continue;
        const path = resolve(join(folder, file));
        const name = basename(file, extname(file));
        if (files.has(name)) faults.push(`${path}: a policy named ${name} was already loaded from ${files.get(name)}`);
        else files.set(name, path);
      }
    }
  }
  const plugins = new Map<string, z.infer<typeof shape>>();
  for (const [name, path] of files) {
    try {
      plugins.set(name, await pluginIn(name, path));
    } catch (error) {
      faults.push(...faultsOf(error, path));
    }
  }
  const carried = carryOver([...plugins.values()], given, grants);
  const { settings, mayGrant } = carried;
  faults.push(...carried.faults);
  const absent = [...Object.keys(settings), ...mayGrant].filter((name) => !files.has(name));
  if (!mayLack) {
    for (const name of Object.keys(settings))
      if (!files.has(name))
        faults.push(`policies.${name}: this policy does not exist${at(placeOf, ['policies', name])}`);
    for (const name of mayGrant) if (!files.has(name)) faults.push(`mayGrant: policy ${name} does not exist`);
  }

  for (const [name, plugin] of plugins) {
    const { enabled = true, shadow = false, ...own }: Partial<PolicySettings> = settings[name] ?? {};
    try {
      if (plugin.mode === 'grant' && !mayGrant.includes(name)) {
        throw new Faults(['it grants permissions; add it to mayGrant to allow this']);
      }
      const model = plugin.config ?? noSettings;
      const config = inPolicyFiles(policyFiles, () => model.safeParse(own));
      if (!config.success) throw new Faults(config.error.issues.map((issue) => settingFault(name, issue, placeOf)));
      if (!enabled) {
        disabled.push(name);
        continue;
      }
      const placeOfText = (text: string) => at(placeOf, ['policies', name, ...pathOf(text, own)]);
      const references = new References(placeOfText);
      const unmatched: string[] = [];
      const host: PolicyHost = {
        groups(names) {
          const ids = references.lookUp('group', names, groups);
          for (const id of ids) exceptedGroups.add(id);
          return ids;
        },
        tenants: (keys) => references.lookUp('tenant', keys, tenants),
        serviceAccount(name, tenantKey) {
          const places = tenantKey === undefined ? [...tenants.keys(), ''] : [tenantKey, ''];
          if (serviceAccounts && !places.some((place) => serviceAccounts.has(`${place}/${name}`)))
            unmatched.push(
              `service account ${name} does not exist${tenantKey === undefined ? '' : ` in ${tenantKey}`}${placeOfText(name)}`,
            );
          return name;
        },
      };
      const policy = await createPolicy(plugin, config.data, host, references);
      if (typeof policy?.evaluate !== 'function') throw new Faults(['create() returned no policy with evaluate()']);
      policies.push({
        name,
        description: plugin.description,
        mode: plugin.mode,
        shadow,
        resources: new Set(plugin.resources),
        actions: new Set(plugin.actions ?? actions),
        reads: plugin.reads,
        judgesRows: plugin.judgesRows,
        isInert: plugin.isInert?.(config.data) === true,
        settings: config.data as Record<string, unknown>,
        builtIn: false,
        ...(references.found.size > 0 && { references: Object.fromEntries(references.found) }),
        ...(unmatched.length > 0 && { unmatched }),
        policy,
      });
    } catch (error) {
      faults.push(...faultsOf(error, files.get(name)!));
    }
  }
  if (faults.length > 0) throw new PolicyLoadError(faults);
  const formerNames = new Set([...plugins.values()].flatMap(({ formerly = {} }) => Object.keys(formerly)));
  return {
    policies: [...(await builtInGuards()), ...policies],
    disabled,
    exceptedGroups,
    formerNames,
    available: [...plugins].map(([name, { description, mode, config: model = noSettings }]) => ({
      name,
      description,
      mode,
      model,
    })),
    ...(absent.length > 0 && { absent }),
  };
}

async function pluginIn(name: string, path: string): Promise<z.infer<typeof shape>> {
  const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  const parsed = shape.safeParse(module.default);
  if (!parsed.success)
    throw new Faults(parsed.error.issues.map((i) => `${i.path.join('.') || 'default export'} ${i.message}`));
  if (parsed.data.name !== name) throw new Faults([`its name is ${parsed.data.name}, but its file is named ${name}`]);
  return parsed.data;
}

/** Creates a policy. Missing references take precedence over errors that the policy throws because of them. */
async function createPolicy(
  { create }: z.infer<typeof shape>,
  config: unknown,
  host: PolicyHost,
  { faults }: References,
): Promise<Policy> {
  try {
    const policy = (await create(config, host)) as Policy;
    if (faults.length === 0) return policy;
  } catch (error) {
    if (faults.length === 0) throw error;
  }
  throw new Faults(faults);
}

function settingFault(name: string, issue: z.core.$ZodIssue, placeOf: PlaceOf | undefined): string {
  const path = issue.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]!] : issue.path;
  return `setting ${issue.path.join('.')} ${issue.message}${at(placeOf, ['policies', name, ...path])}`.replace(
    '  ',
    ' ',
  );
}

async function builtInGuards(): Promise<LoadedPolicy[]> {
  return [
    {
      name: impersonation.name,
      description: impersonation.description,
      mode: 'guard',
      shadow: false,
      resources: new Set<string>(impersonation.resources),
      actions: new Set(impersonation.actions),
      reads: ['id'],
      settings: {},
      builtIn: true,
      policy: (await impersonation.create(
        {},
        { groups: () => new Set(), tenants: () => new Set(), serviceAccount: (own) => own },
      )) as Policy,
    },
  ];
}
