import { type KeyRing, parseKeyRing } from '@morket/domain/secrets';
import type { Env } from '../env.ts';
import { type DataPaths, dataPaths, loadSecrets, type Secrets } from './data-dir.ts';

/** The environment completed by what the data directory keeps. */
export type Configuration = {
  readonly env: Env;
  readonly paths: DataPaths;
  /** Null where nothing may be made up: in production everything comes from the environment. */
  readonly secrets: Secrets | null;
  readonly jwtSecret: string;
  readonly ring: KeyRing;
};

/** Makes up missing secrets in development. In production only the password of the embedded database is. */
export async function configure(env: Env): Promise<Configuration> {
  const paths = dataPaths(env.MORKET_DATA_DIR);
  const needsFile = env.NODE_ENV !== 'production' || env.DATABASE_URL === undefined;
  const secrets = needsFile ? await loadSecrets(paths) : null;
  const jwtSecret = env.JWT_SECRET ?? secrets?.jwtSecret;
  const ring = env.ENCRYPTION_MASTER_KEY ?? (secrets && parseKeyRing(secrets.encryptionMasterKey));
  if (jwtSecret === undefined || !ring) throw new Error('The environment was checked to hold what production needs.');
  return { env, paths, secrets, jwtSecret, ring };
}
