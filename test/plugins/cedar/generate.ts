import { type Chance, namespaces } from '../../properties/generate.ts';

/** Returns a text as a Cedar literal. */
export const quoted = (text: string, star = false): string =>
  `"${[...text]
    .map((c) => (/[a-zA-Z0-9._/-]/.test(c) ? c : star && c === '*' ? '\\*' : `\\u{${c.codePointAt(0)!.toString(16)}}`))
    .join('')}"`;

const valid = ['a', 'a.b', 'a.b.c', 'ab', 'b', 'b.a'];
const odd = [...namespaces, '\u{10ffff}', 'a\u{ffff}', 'a\u{e000}', '*', 'a*'];
export const names = ['ann', 'bob', 'é', 'a_n'];
export const groups = ['main/A', 'main/B b', 'other/A'];
export const tenants = ['t1', 't2', 't_1'];

/** Constructs that a text contains, to check that all were tried. */
export const constructs: Record<string, RegExp> = {
  equal: /resource\.namespace ==/,
  unequal: /!=/,
  reversed: /" == resource\.namespace/,
  prefix: /like "[^"]+\*"/,
  star: /like "\*"/,
  whole: /like "[^"*]*"/,
  contains: /contains\(resource\.namespace\)/,
  subtree: /resource in Gatehouse::Namespace/,
  subtrees: /resource in \[/,
  itself: /resource == Gatehouse/,
  missing: /resource\.key/,
  has: /resource has/,
  tenant: /resource\.tenant/,
  is: /resource is/,
  group: /principal in/,
  reason: /context\.reason/,
  ip: /isInRange/,
  now: /context\.now/,
  operand: /resource\.namespace == (context|principal)/,
  type: /resource\.namespace == 3/,
  not: /!\(/,
  and: /&&/,
  or: /\|\|/,
  choice: /if /,
  unless: /unless/,
  forbid: /forbid/,
  underscore: /a_b/,
  percent: /u\{25\}/,
  astral: /u\{1f600\}/,
};

function row(chance: Chance): string {
  const any = () => quoted(chance.pick(odd));
  return chance.pick([
    () => `resource.namespace == ${any()}`,
    () => `resource.namespace != ${any()}`,
    () => `${any()} == resource.namespace`,
    () => `resource.namespace like ${quoted(chance.pick(odd), true).slice(0, -1)}*"`,
    () => `resource.namespace like ${quoted(`${chance.pick(valid)}.`, true).slice(0, -1)}*"`,
    () => `resource.namespace like ${quoted(chance.pick(odd), true)}`,
    () => 'resource.namespace like "*"',
    () => `[${any()}, 3, ${any()}].contains(resource.namespace)`,
    () => `resource in Gatehouse::Namespace::"${chance.pick(valid)}"`,
    () => `resource in Gatehouse::Namespace::"${chance.pick(valid)}"`,
    () => `resource in [Gatehouse::Namespace::"${chance.pick(valid)}", Gatehouse::Namespace::"${chance.pick(valid)}"]`,
    () => `resource == Gatehouse::AUDITLOG::"row-${chance.below(30)}"`,
    () => `resource.id like "row-${chance.below(4)}*"`,
    () => `resource.key == ${any()}`,
    () => `resource has ${chance.pick(['key', 'namespace', 'tenant'])}`,
    () => `resource has key && resource.key == ${any()}`,
    () => `resource.tenant ${chance.pick(['==', '!='])} "${chance.pick(tenants)}"`,
    () => `resource in Gatehouse::Tenant::"${chance.pick(tenants)}"`,
    () => `resource is Gatehouse::${chance.pick(['AUDITLOG', 'FLOW'])}`,
    () => `resource is Gatehouse::AUDITLOG in Gatehouse::Namespace::"${chance.pick(valid)}"`,
    () => `resource.namespace == ${chance.pick(['context.reason', 'principal.name'])}`,
    () => 'resource.namespace == 3',
  ])();
}

const rowless = (chance: Chance): string =>
  chance.pick([
    () => `principal in Gatehouse::Group::${quoted(chance.pick(groups))}`,
    () => `principal == Gatehouse::User::${quoted(chance.pick(names))}`,
    () => `context.reason == "x"`,
    () => `context has reason && context.reason like "x*"`,
    () => 'context.ip.isInRange(ip("10.0.0.0/8"))',
    () => 'context.now < datetime("2026-06-01T12:00:00Z")',
    () => `action in Gatehouse::Action::"${chance.pick(['READ', 'AUDITLOG', 'UPDATE', 'AUDITLOG:READ'])}"`,
    () => `principal.name == ${quoted(chance.pick(names))}`,
  ])();

function condition(chance: Chance, depth: number): string {
  if (depth === 0 || chance.coin(0.35)) return chance.coin(0.75) ? row(chance) : rowless(chance);
  const part = () => `(${condition(chance, depth - 1)})`;
  return chance.pick([
    () => `!${part()}`,
    () => `${part()} && ${part()}`,
    () => `${part()} || ${part()}`,
    () => `if ${part()} then ${part()} else ${part()}`,
  ])();
}

export interface Generated {
  readonly effect: 'permit' | 'forbid';
  readonly text: string;
}

export function policy(chance: Chance, effect: Generated['effect']): Generated {
  const principal = chance.pick([
    'principal',
    'principal',
    `principal in Gatehouse::Group::${quoted(chance.pick(groups))}`,
    'principal is Gatehouse::User',
    `principal == Gatehouse::ServiceAccount::${quoted(chance.pick(names))}`,
  ]);
  const action = chance.pick([
    'action',
    'action',
    'action == Gatehouse::Action::"AUDITLOG:READ"',
    'action in [Gatehouse::Action::"READ", Gatehouse::Action::"UPDATE"]',
    'action in Gatehouse::Action::"AUDITLOG"',
    'action == Gatehouse::Action::"FLOW:READ"',
  ]);
  const resource = chance.pick([
    'resource',
    'resource',
    'resource',
    `resource in Gatehouse::Namespace::"${chance.pick(valid)}"`,
    'resource is Gatehouse::AUDITLOG',
    `resource is Gatehouse::AUDITLOG in Gatehouse::Tenant::"${chance.pick(tenants)}"`,
  ]);
  const clauses = Array.from(
    { length: chance.below(3) },
    () => ` ${chance.pick(['when', 'when', 'unless'])} { ${condition(chance, chance.below(4))} }`,
  );
  return { effect, text: `${effect} (${principal}, ${action}, ${resource})${clauses.join('')};` };
}

export const policySet = (chance: Chance): Generated[] => [
  ...Array.from({ length: 1 + chance.below(3) }, () => policy(chance, 'permit')),
  ...Array.from({ length: chance.below(3) }, () => policy(chance, 'forbid')),
];
