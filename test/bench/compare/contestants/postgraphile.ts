/** PostGraphile answers documents of its own, over the tenant's rows: it has no reach of a caller. */
import { createServer } from 'node:http';
import { postgraphile } from 'postgraphile';
import { makePgService } from 'postgraphile/adaptors/pg';
import { grafserv } from 'postgraphile/grafserv/node';
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber';
import { place } from '../documents.ts';

const { port, databaseUrl } = place();
const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  // The triggers of a flow have an index on its key alone.
  disablePlugins: ['PgIndexBehaviorsPlugin'],
  pgServices: [makePgService({ connectionString: databaseUrl, schemas: ['public'], poolConfig: { max: 10 } } as any)],
  grafserv: { graphqlPath: '/graphql', graphiql: false, watch: false },
});
const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(port, () => console.log('ready'));
