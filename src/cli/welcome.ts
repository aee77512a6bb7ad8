import { type Demo, demoUser } from '../bootstrap/demo.ts';
import type { Config } from '../config.ts';

export interface Welcome {
  readonly url: string;
  readonly config: Config;
  /** Generated password of the super admin; null if it was given; undefined if users already existed. */
  readonly password: string | null | undefined;
  readonly demo: Demo | undefined;
  /** Opens the console signed in. Undefined for a gateway that others use. */
  readonly link?: string | undefined;
  readonly pid: number;
  /** Process ID of the embedded PostgreSQL. */
  readonly postgres: number | undefined;
}

const post = (url: string, user: string, query: string, more = '') =>
  `curl -s ${more}-u '${user}' ${url}/graphql -H 'content-type: application/json' -d '${JSON.stringify({ query })}'`;

/** Output of the start: the address, the sign-in, and three example commands. */
export function welcome({ url, config, password, demo, link, pid, postgres }: Welcome): string {
  const { username } = config.admin;
  const lines = [
    '',
    config.console
      ? `Gatehouse listens on ${url}  (open it in a browser: the console)`
      : `Gatehouse listens on ${url}/graphql`,
    ...(config.console || config.graphiql
      ? [`The API: ${url}/graphql${config.graphiql ? '  (in a browser: GraphiQL)' : ''}`]
      : []),
  ];
  lines.push(
    postgres === undefined
      ? 'Store: the PostgreSQL of DATABASE_URL'
      : `Store: the embedded PostgreSQL in ${config.dataDir} (process ${postgres})`,
  );
  lines.push('');
  if (password === undefined) lines.push('Sign in with a user and password, or an API token, as before.');
  else {
    const shown = password === null ? 'the password you set' : `password ${password}`;
    lines.push(`Sign in as the super admin: user ${username}, ${shown}`);
    if (password !== null) lines.push('This password is printed once. Change it with the mutation changeMyPassword.');
  }
  if (demo) {
    lines.push('', `Demo organisation, tenant ${demo.tenant}:`);
    for (const user of demo.users) lines.push(`  ${user.username.padEnd(6)} password ${user.password}  ${user.what}`);
    lines.push(`  ci-deploy (service account), API token ${demo.token}`);
    const [alice, , carol] = demo.users;
    if (config.console || config.graphiql) lines.push('', 'Open the address above in a browser, and sign in as alice.');
    lines.push(
      '',
      'Three example commands:',
      '',
      '# a query: executions of the last seven days, and upcoming triggers',
    );
    lines.push(
      post(
        url,
        `${carol!.username}:${carol!.password}`,
        '{ viewer { name } tenant(key: "main") { stats(window: { days: 7 }) { executions executionDuration } triggers { nodes { flowId triggerId disabled nextExecutionAt lastExecution { state startedAt } } } } }',
      ),
    );
    lines.push('', '# a refused mutation: carol is not allowed to disable triggers');
    lines.push(
      post(
        url,
        `${carol!.username}:${carol!.password}`,
        'mutation { setTriggersDisabled(input: { tenantKey: "main", where: { flowId: "orders-daily" }, disabled: true }) { changedCount } }',
      ),
    );
    lines.push('', '# the live audit log: keep it open, and run the refused mutation again in another terminal');
    lines.push(
      post(
        url,
        `${alice!.username}:${alice!.password}`,
        'subscription { auditEvents(tenantKey: "main") { cursor event { at actorName action resourceKey outcome } } }',
        "-N -H 'accept: text/event-stream' ",
      ),
    );
  } else if (password !== undefined) {
    lines.push(
      '',
      'An example command:',
      '',
      post(url, `${username}:${password ?? 'PASSWORD'}`, '{ viewer { name superAdmin tenants { nodes { key } } } }'),
    );
  }
  if (link !== undefined) lines.push('', `Open the console as ${demoUser}, within ten minutes and once: ${link}`);
  lines.push('', `Ctrl-C stops the gateway. Its process is ${pid}; kill -HUP ${pid} reloads its configuration file.`);
  return lines.join('\n');
}
