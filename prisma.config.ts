import { defineConfig } from 'prisma/config';

const url = process.env.DATABASE_URL;

// Prisma's tools read this file's default export. Only those that open a database (`prisma studio`) need the url, and
// `npm run db:studio` passes it.
export default defineConfig({
  schema: 'prisma/schema',
  migrations: { path: 'prisma/migrations' },
  ...(url && { datasource: { url } }),
});
