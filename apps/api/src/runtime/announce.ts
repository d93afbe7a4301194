import type { Env } from '../env.ts';
import type { Demo } from './seed.ts';

type Ready = { readonly url: URL; readonly place: string; readonly demo: Demo | null };

const write = (text: string) => void process.stdout.write(`${text}\n`);

/** The key, and three lines to paste into a shell. */
function writeExample(origin: string, workspaceId: string, apiKey: string): void {
  write(`  Demo API key       ${apiKey}`);
  write('');
  write('  Try it:');
  write(`    MORKET_API_KEY=${apiKey}`);
  write(`    curl -s ${origin}/api/v1/workspaces/${workspaceId}/billing \\`);
  write(`      -H "authorization: Bearer $MORKET_API_KEY"`);
}

/** Tells a person at a development machine what is going on; in production the log alone speaks. */
export function createAnnouncer(env: Env) {
  const quiet = env.NODE_ENV === 'production' || env.LOG_LEVEL === 'silent';

  function step(text: string): void {
    if (!quiet) write(`  ${text} …`);
  }

  function ready({ url, place, demo }: Ready): void {
    if (quiet) return;
    const origin = url.origin;
    const portNote = env.PORT === undefined && url.port !== '3000' ? '   (3000 is taken)' : '';
    write('');
    write(`  Morket is ready at ${origin}${portNote}`);
    write(`  API reference      ${origin}/docs`);
    write(`  Data lives in      ${place}`);
    if (demo) {
      write('');
      write(`  Demo login         ${demo.email}  ${demo.password}`);
      write(`  Demo workspace     ${demo.workspaceId}`);
      if (demo.apiKey !== null) writeExample(origin, demo.workspaceId, demo.apiKey);
    }
    write('');
    write('  Stop with Ctrl-C.');
    write('');
  }

  return { step, ready };
}
