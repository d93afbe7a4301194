// @ts-check
const DB = 'apps/api/src/commands/db.ts';

/**
 * What each npm script runs, as arguments for the pinned Node; the caller's own arguments follow.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const TASKS = {
  start: ['apps/api/src/main.ts'],
  dev: ['--watch', '--watch-preserve-output', 'apps/api/src/main.ts'],
  worker: ['apps/worker/src/main.ts'],
  test: ['scripts/test.ts'],
  verify: ['scripts/verify.ts'],
  doctor: ['scripts/doctor.ts'],
  format: ['node_modules/@biomejs/biome/bin/biome', 'check', '--write'],
  generate: ['scripts/generate.ts'],
  quickstart: ['examples/quickstart.ts'],
  bench: ['bench/main.ts'],
  keys: ['apps/api/src/commands/keys.ts'],
  ledger: ['apps/api/src/commands/ledger.ts'],
  audit: ['apps/api/src/commands/audit.ts'],
  events: ['apps/worker/src/commands/events.ts'],
  'db:migrate': [DB, 'migrate'],
  'db:migration': [DB, 'migration'],
  'db:reset': [DB, 'reset'],
  'db:seed': [DB, 'seed'],
  'db:studio': [DB, 'studio'],
  chaos: ['scripts/chaos.ts'],
};
