import { availableParallelism } from 'node:os';
import { configDefaults, defineConfig } from 'vitest/config';

const SOURCES = '{apps,packages,scripts,examples,bench}/**';
const DATABASE_TESTS = `${SOURCES}/*.{db,http}.test.ts`;
const exclude = [...configDefaults.exclude, '**/generated-prisma/**'];

export default defineConfig({
  test: {
    allowOnly: false,
    // Processes, not threads: tests start worker threads and child processes of their own and send themselves signals.
    pool: 'forks',
    // At least two, or a slow database file holds everything up; at most eight, or they exhaust its connections.
    maxWorkers: Math.min(8, Math.max(2, availableParallelism() - 1)),
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          testTimeout: 30_000,
          include: [`${SOURCES}/*.test.ts`],
          exclude: [...exclude, DATABASE_TESTS],
        },
      },
      {
        extends: true,
        test: {
          name: 'database',
          include: [DATABASE_TESTS],
          exclude,
          globalSetup: ['packages/testing/src/postgres-global-setup.ts'],
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'types',
          include: [],
          typecheck: {
            enabled: true,
            only: true,
            include: [`${SOURCES}/*.test-d.ts`],
            // Not part of tsconfig.json, so its assertions would pass unread.
            exclude: [...exclude, 'packages/client/src/**'],
            tsconfig: 'tsconfig.json',
            // `npm run verify` reports those.
            ignoreSourceErrors: true,
          },
        },
      },
    ],
  },
});
