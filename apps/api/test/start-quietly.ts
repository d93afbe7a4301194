import { watchPackages } from './loaded-modules.ts';

/** Composes the product, serves one request, and prints which packages that loaded. Run as a program of its own: modules stay loaded. */
const loaded = new Set<string>();
watchPackages(loaded);

const [{ compose }, { configure }, { parseEnv }, { createLogger }, { buildServer }, { metricsServerOf, telemetryOf }] =
  await Promise.all([
    import('../src/compose.ts'),
    import('../src/runtime/configuration.ts'),
    import('../src/env.ts'),
    import('../src/logger.ts'),
    import('../src/server.ts'),
    import('../src/telemetry.ts'),
  ]);
const env = parseEnv(process.env);
if ('problems' in env) throw new Error(env.problems.join('\n'));
const log = createLogger(env);
const telemetry = await telemetryOf(env, log);
// Nobody answers at this address; nothing asks.
const databaseUrl = 'postgres://nobody:nothing@127.0.0.1:1/none';
const composition = compose(await configure(env), { databaseUrl, log, telemetry });
const app = await buildServer({ ...composition, env, log });
await metricsServerOf(env, telemetry, log);
const { statusCode } = await app.inject({ url: '/health' });
process.stdout.write(JSON.stringify({ statusCode, loaded: [...loaded] }), () => process.exit(0));
