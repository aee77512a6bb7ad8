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

/** A policy that is ready to be asked. */
export interface LoadedPolicy {
  readonly name: string;
  readonly description: string;
  readonly mode: 'guard' | 'grant';
  readonly shadow: boolean;
  readonly resources: ReadonlySet<string>;
  readonly actions: ReadonlySet<Action>;
  readonly reads: readonly string[];
  /** Settings as they are in force, for those who may see them and for the fingerprint. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly builtIn: boolean;
  /** What its settings name, by id: a group that is made anew under an old name is another one. */
  readonly references?: Readonly<Record<string, string>>;
  /** What its settings name and nobody is called. */
  readonly unmatched?: readonly string[];
  readonly policy: Policy;
}

export interface PolicySet {
  readonly policies: readonly LoadedPolicy[];
  /** Names of the guards that are switched off by `enabled: false`. */
  readonly disabled: readonly string[];
  /** Groups that a policy excepts: their members are changed with POLICY:UPDATE only. */
  readonly exceptedGroups: ReadonlySet<string>;
  /** Names that its policies had. */
  readonly formerNames?: ReadonlySet<string>;
  /** Of settings whose policy is not among the files, where that is no fault. */
  readonly absent?: readonly string[];
}

export class PolicyLoadError extends OperatorError {
  readonly faults: readonly string[];
  constructor(faults: readonly string[]) {
    super(`The policies cannot be loaded:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.name = 'PolicyLoadError';
    this.faults = faults;
  }
}

const shape = z.object({
  name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'is not in kebab case'),
  description: z.string().min(1),
  resources: z.array(z.enum(resourceNames as [string, ...string[]])).min(1),
  actions: z.array(z.enum(actions)).min(1).optional(),
  mode: z.enum(['guard', 'grant']).default('guard'),
  reads: z.array(z.enum(['id', 'ip', 'now', 'credential', 'reason'])).default([]),
  config: z.custom<z.ZodType>((value) => value instanceof z.ZodType, 'is not a zod model').optional(),
  formerly: z
    .custom<NonNullable<PolicyPlugin['formerly']>>(
      (value) => typeof value === 'object' && value !== null,
      'is no object',
    )
    .optional(),
  create: z.custom<PolicyPlugin['create']>((value) => typeof value === 'function', 'is not a function'),
});

export interface LoadOptions {
  readonly folders: readonly string[];
  readonly settings: Readonly<Record<string, PolicySettings>>;
  readonly mayGrant: readonly string[];
  /** The operator's folder of files that settings may name. */
  readonly files?: string | undefined;
  /** Ids of all groups by 'tenant-key/group name'. */
  readonly groups: ReadonlyMap<string, string>;
  /** Ids of all tenants by key. */
  readonly tenants: ReadonlyMap<string, string>;
  /** All service accounts as 'tenant-key/name', instance-wide ones as '/name'; left out: not looked at. */
  readonly serviceAccounts?: ReadonlySet<string> | undefined;
  /** Where the settings say this: file and line. */
  readonly placeOf?: PlaceOf | undefined;
  /** Loads what there is though settings name policies that there are not: to start, and wait for somebody's word. */
  readonly mayLack?: boolean | undefined;
}

/**
 * Loads every policy of the folders.
 * @throws {PolicyLoadError} naming file and fault of each that cannot be trusted; none is left out in silence.
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
    if (!existsSync(folder)) faults.push(`${folder}: no such folder`);
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
      if (!files.has(name)) faults.push(`policies.${name}: there is no such policy${at(placeOf, ['policies', name])}`);
    for (const name of mayGrant) if (!files.has(name)) faults.push(`mayGrant: there is no policy ${name}`);
  }

  for (const [name, plugin] of plugins) {
    const { enabled = true, shadow = false, ...own }: Partial<PolicySettings> = settings[name] ?? {};
    try {
      if (plugin.mode === 'grant' && !mayGrant.includes(name)) {
        throw new Faults(['it gives permissions, and mayGrant does not name it']);
      }
      const model = plugin.config ?? z.strictObject({});
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
              `there is no service account ${name}${tenantKey === undefined ? '' : ` in ${tenantKey}`}${placeOfText(name)}`,
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
    ...(absent.length > 0 && { absent }),
  };
}

async function pluginIn(name: string, path: string): Promise<z.infer<typeof shape>> {
  const module = (await import(pathToFileURL(path).href)) as { default?: unknown };
  const parsed = shape.safeParse(module.default);
  if (!parsed.success)
    throw new Faults(parsed.error.issues.map((i) => `${i.path.join('.') || 'default export'} ${i.message}`));
  if (parsed.data.name !== name) throw new Faults([`its name is ${parsed.data.name}, its file says ${name}`]);
  return parsed.data;
}

/** What is missing goes before what a policy says of it. */
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
