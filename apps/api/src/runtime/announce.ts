import type { Env } from '../env.ts';
import type { Demo } from './seed.ts';

type Ready = { readonly url: URL; readonly place: string; readonly demo: Demo | null };

const write = (text: string) => void process.stdout.write(`${text}\n`);

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
      write('');
      write('  Try it:');
      write(`    TOKEN=$(curl -s ${origin}/api/v1/auth/login -H 'content-type: application/json' \\`);
      write(
        `      -d '{"email":"${demo.email}","password":"${demo.password}"}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')`,
      );
      write(`    curl -s ${origin}/api/v1/workspaces/${demo.workspaceId}/billing -H "authorization: Bearer $TOKEN"`);
    }
    write('');
    write('  Stop with Ctrl-C.');
    write('');
  }

  return { step, ready };
}
