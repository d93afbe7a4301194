import type { TestProject } from 'vitest/node';
import { ensureTemplateDatabase, startTestServer, type TestServer } from './test-server.ts';

type Shared = { users: number; readonly started: Promise<TestServer & { readonly templateDatabase: string }> };

/** Vitest loads this module once for every project that names it; the server is one for all of them. */
const SHARED = Symbol.for('morket.testPostgres');
const registry = globalThis as { [SHARED]?: Shared }; // a place that all copies of this module see

/** Vitest's globalSetup: starts the test server once per run, or uses the one of TEST_DATABASE_URL. */
export async function setup(project: TestProject): Promise<void> {
  registry[SHARED] ??= { users: 0, started: start() };
  const shared = registry[SHARED];
  shared.users++;
  const { url, templateDatabase } = await shared.started;
  project.provide('databaseUrl', url);
  project.provide('templateDatabase', templateDatabase);
}

/** Stops the server and removes its directory when the last project is done with it. */
export async function teardown(): Promise<void> {
  const shared = registry[SHARED];
  if (!shared || --shared.users > 0) return;
  delete registry[SHARED];
  await (await shared.started).stop();
}

async function start(): Promise<TestServer & { readonly templateDatabase: string }> {
  const server = await startTestServer(process.env.TEST_DATABASE_URL);
  try {
    return { ...server, templateDatabase: await ensureTemplateDatabase(server.url) };
  } catch (error) {
    await server.stop();
    throw error;
  }
}
