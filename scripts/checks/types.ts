/** Type-checks the tree, and packages with settings of their own, as the published client, once more by those. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';

/** The peers of the benchmarks are installed on demand; without them there is nothing to check against. */
const bench = existsSync('bench/node_modules') ? ['bench/tsconfig.json'] : [];
const projects = ['tsconfig.json', ...globSync('packages/*/tsconfig*.json').sort(), ...bench];
const results = projects.map((project) => {
  // One thread is about twice as fast on two cores: each checker would instantiate the shared zod and tRPC types anew.
  const args = ['node_modules/typescript/bin/tsc', '--noEmit', '--singleThreaded', '--pretty', 'false', '-p', project];
  return spawnSync(process.execPath, args, { stdio: 'inherit' }).status;
});
process.exitCode = results.every((status) => status === 0) ? 0 : 1;
