import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const Secrets = z.object({
  jwtSecret: z.string().min(32),
  encryptionMasterKey: z.string(),
  databasePassword: z.string(),
  demoPassword: z.string(),
  /** Made with the demo workspace. */
  demoApiKey: z.string().optional(),
});

/** What development makes up for itself, once. */
export type Secrets = z.infer<typeof Secrets>;

const Runtime = z.object({ databasePort: z.int(), url: z.string().nullable() });
/** Where a running process can be found by the commands beside it. */
export type Runtime = z.infer<typeof Runtime>;

const OWNER_ONLY = 0o600;
/** The database may run as another user and has to pass through; what is secret inside has modes of its own. */
const PASSABLE = 0o711;

/** The places inside the data directory. */
export function dataPaths(dataDir: string) {
  const root = resolve(dataDir);
  return {
    root,
    postgres: join(root, 'postgres'),
    secrets: join(root, 'secrets.json'),
    runtime: join(root, 'runtime.json'),
    mail: join(root, 'mail'),
  };
}

export type DataPaths = ReturnType<typeof dataPaths>;

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (err) {
    if (err instanceof Error && 'code' in err && err.code === 'ENOENT') return null;
    throw err;
  }
}

/** Written beside and renamed: a crash leaves the old file or the new one, never half of one. */
async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}.draft`;
  await writeFile(draft, text, { mode: OWNER_ONLY });
  const handle = await open(draft, 'r');
  await handle.sync();
  await handle.close();
  await rename(draft, path);
}

export async function saveSecrets(paths: DataPaths, secrets: Secrets): Promise<void> {
  await replaceFile(paths.secrets, `${JSON.stringify(secrets, null, 2)}\n`);
}

/** Reads the generated secrets, or makes them on the first start (mode 0600). */
export async function loadSecrets(paths: DataPaths): Promise<Secrets> {
  await mkdir(paths.root, { recursive: true, mode: PASSABLE });
  const text = await readText(paths.secrets);
  if (text !== null) return Secrets.parse(JSON.parse(text));
  const secrets: Secrets = {
    jwtSecret: randomBytes(48).toString('base64url'),
    encryptionMasterKey: `1:${randomBytes(32).toString('hex')}`,
    databasePassword: randomBytes(24).toString('base64url'),
    // Its words are none of the account's: one in 300 has digits alone behind them, and would be refused for the word it leaves.
    demoPassword: `look-around-${randomBytes(6).toString('hex')}`,
  };
  await saveSecrets(paths, secrets);
  return secrets;
}

export async function saveRuntime(paths: DataPaths, runtime: Runtime): Promise<void> {
  await replaceFile(paths.runtime, JSON.stringify(runtime));
}

/** Null when nothing has been started here yet. */
export async function readRuntime(paths: DataPaths): Promise<Runtime | null> {
  const text = await readText(paths.runtime);
  return text === null ? null : Runtime.parse(JSON.parse(text));
}
