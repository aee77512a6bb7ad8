import { defineConfig } from 'prisma/config';

// The gateway applies its migrations itself (src/db/migrate.ts); this file lets the Prisma command line find them.
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  datasource: { url: process.env['DATABASE_URL'] ?? 'postgresql://localhost/gatehouse' },
});
