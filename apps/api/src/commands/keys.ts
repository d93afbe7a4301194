import { migrate } from '@morket/db/migrations';
import { countByKeyVersion, rewrapBatch } from '@morket/domain/credential';
import {
  formatKeyRing,
  type KeyRing,
  listKeyVersions,
  retireKey,
  verifyKeyRing,
  withNewVersion,
  withoutVersion,
} from '@morket/domain/secrets';
import { countWebhookSecretsByKeyVersion, rewrapWebhookSecrets } from '@morket/domain/webhook';
import type { Configuration } from '../runtime/configuration.ts';
import { saveSecrets } from '../runtime/data-dir.ts';
import { type CommandSession, runCommand, UsageError } from './session.ts';

const USAGE = `npm run keys -- <command>

  status               key versions, and how many secrets each one seals
  rotate               make a new version; new secrets are sealed under it
  rewrap [--batch N]   seal every secret anew under the current version (safe to stop and to repeat)
  retire <version>     give a version up; refused while a secret needs it`;

const DEFAULT_BATCH = 500;
const print = (line: string) => void process.stdout.write(`${line}\n`);

/** How many secrets of any kind each key version seals. */
async function countSecrets(db: CommandSession['db']): Promise<ReadonlyMap<number, number>> {
  const all = [...(await countByKeyVersion(db)), ...(await countWebhookSecretsByKeyVersion(db))];
  return all.reduce(
    (sum, [version, count]) => sum.set(version, (sum.get(version) ?? 0) + count),
    new Map<number, number>(),
  );
}

async function status({ configuration, db }: CommandSession): Promise<void> {
  const [versions, counts] = await Promise.all([listKeyVersions(db), countSecrets(db)]);
  print('version  secrets  state');
  for (const { version, retiredAt } of versions) {
    const state = retiredAt ? 'retired' : version === configuration.ring.current ? 'current' : 'readable';
    print(`${String(version).padEnd(9)}${String(counts.get(version) ?? 0).padEnd(9)}${state}`);
  }
}

/** Puts the ring where the next start reads it: into the data directory, else into the operator's hands. */
async function keepRing({ env, paths, secrets }: Configuration, ring: KeyRing): Promise<void> {
  const text = formatKeyRing(ring);
  if (env.ENCRYPTION_MASTER_KEY === undefined && secrets) {
    await saveSecrets(paths, { ...secrets, encryptionMasterKey: text });
    print(`Saved in ${paths.secrets}. Restart running servers.`);
    return;
  }
  print('Set this for every process, then restart them:');
  print(`ENCRYPTION_MASTER_KEY=${text}`);
}

async function rotate({ configuration, db }: CommandSession): Promise<void> {
  const ring = withNewVersion(configuration.ring);
  await keepRing(configuration, ring);
  if (configuration.env.ENCRYPTION_MASTER_KEY === undefined) await verifyKeyRing(db, ring);
  print(`Version ${ring.current} is the new one. After the restart: npm run keys -- rewrap`);
}

async function rewrap({ configuration, db }: CommandSession, args: readonly string[]): Promise<void> {
  const [flag, value] = args;
  const batch = flag === undefined ? DEFAULT_BATCH : Number(value);
  if ((flag !== undefined && flag !== '--batch') || !Number.isSafeInteger(batch) || batch < 1)
    throw new UsageError(USAGE);
  await verifyKeyRing(db, configuration.ring);
  let total = 0;
  for (let done = -1; done !== 0; ) {
    done = await rewrapBatch(db, configuration.ring, batch);
    done += await rewrapWebhookSecrets(db, configuration.ring, batch);
    total += done;
    if (done > 0) print(`${total} rewrapped`);
  }
  const counts = await countSecrets(db);
  const left = [...counts].filter(([version]) => version !== configuration.ring.current);
  if (left.length === 0) return print(`All secrets are sealed under version ${configuration.ring.current}.`);
  print(
    `Another run holds ${left.reduce((sum, [, count]) => sum + count, 0)} secrets; call this again when it has ended.`,
  );
}

async function retire({ configuration, db }: CommandSession, args: readonly string[]): Promise<void> {
  const version = Number(args[0]);
  if (args.length !== 1 || !Number.isSafeInteger(version)) throw new UsageError(USAGE);
  if (version === configuration.ring.current)
    throw new UsageError('The current version cannot be retired: rotate first.');
  await retireKey(db, version);
  print(`Version ${version} is retired.`);
  if (configuration.ring.versions.has(version))
    await keepRing(configuration, withoutVersion(configuration.ring, version));
}

const COMMANDS = { status, rotate, rewrap, retire } as const;
const isCommand = (name: string): name is keyof typeof COMMANDS => Object.hasOwn(COMMANDS, name);

await runCommand(async (session) => {
  const [name = '', ...args] = process.argv.slice(2);
  if (!isCommand(name)) throw new UsageError(USAGE);
  await migrate({ databaseUrl: session.databaseUrl });
  await COMMANDS[name](session, args);
});
