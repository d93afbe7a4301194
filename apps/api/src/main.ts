import { loadEnv } from './env.ts';
import { start } from './runtime/start.ts';

await start(loadEnv());
