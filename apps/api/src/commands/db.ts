import { spawn } from 'node:child_process';
import { Prisma } from '@morket/db';
import { createMigration, migrate } from '@morket/db/migrations';
import { compose } from '../compose.ts';
import { childEnvironment } from '../env.ts';
import { createLogger } from '../logger.ts';
import { seedDemo } from '../runtime/seed.ts';
import { type CommandSession, runCommand, UsageError } from './session.ts';

const USAGE = `npm run db:migrate               apply what the database lacks
npm run db:migration <name>     write the SQL that turns the database into prisma/schema as a new migration
npm run db:reset -- --yes       delete everything in the database, migrate, seed
npm run db:seed                 make the demo workspace on an empty database
npm run db:studio               look at the data in the browser`;

const print = (line: string) => void process.stdout.write(`${line}\n`);

async function applyMigrations({ databaseUrl }: CommandSession): Promise<void> {
  const { applied } = await migrate({ databaseUrl, onApplied: (name) => print(`applied ${name}`) });
  if (applied.length === 0) print('The database is up to date.');
}

async function newMigration(session: CommandSession, [name]: readonly string[]): Promise<void> {
  if (!name || !/^[a-z][a-z0-9_]{0,60}$/.test(name)) throw new UsageError('npm run db:migration <name in snake_case>');
  await applyMigrations(session);
  const path = await createMigration({ databaseUrl: session.databaseUrl, name });
  print(
    path
      ? `Wrote ${path}. Read it, add what a schema cannot say, then: npm run db:migrate`
      : 'The schema has not changed.',
  );
}

async function seed({ configuration, databaseUrl }: CommandSession): Promise<void> {
  const { secrets, paths, env } = configuration;
  if (!secrets || env.NODE_ENV === 'production') {
    throw new UsageError('A production database gets no demo account.');
  }
  await migrate({ databaseUrl });
  const composition = compose(configuration, { databaseUrl, log: createLogger({ LOG_LEVEL: 'warn' }) });
  try {
    const demo = await seedDemo(composition, { paths, secrets });
    const key = demo?.apiKey ? `, API key ${demo.apiKey}` : '';
    print(
      demo
        ? `Demo login ${demo.email} ${demo.password}, workspace ${demo.workspaceId}${key}`
        : 'The database is not empty: nothing was done.',
    );
  } finally {
    await composition.close();
  }
}

async function reset(session: CommandSession, args: readonly string[]): Promise<void> {
  if (session.configuration.env.NODE_ENV === 'production') throw new UsageError('A production database is not reset.');
  const name = decodeURIComponent(new URL(session.databaseUrl).pathname.slice(1));
  // A URL left in the environment is how the wrong database is lost.
  if (session.configuration.env.DATABASE_URL !== undefined && !args.includes(name)) {
    throw new UsageError(`DATABASE_URL is set. To delete everything in it: npm run db:reset -- --yes ${name}`);
  }
  if (!args.includes('--yes'))
    throw new UsageError('This deletes everything in the database. To go on: npm run db:reset -- --yes');
  // no record: the history goes with everything else.
  await session.db.transaction(async (tx) => {
    // Days of the outbox and the jobs have schemas of their own.
    await tx.$executeRaw(Prisma.sql`
      do $$ declare found name; begin
        for found in select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema' loop
          execute format('drop schema %I cascade', found);
        end loop;
      end $$`);
    await tx.$executeRaw(Prisma.sql`create schema public`);
  });
  await applyMigrations(session);
  await seed(session);
}

async function studio({ databaseUrl }: CommandSession): Promise<void> {
  const child = spawn('prisma', ['studio', '--browser', 'none'], {
    stdio: 'inherit',
    env: childEnvironment({ DATABASE_URL: databaseUrl }),
  });
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (exitCode) => resolve(exitCode ?? 0));
  });
  process.exitCode = code;
}

const COMMANDS = { migrate: applyMigrations, migration: newMigration, seed, reset, studio } as const;
const isCommand = (name: string): name is keyof typeof COMMANDS => Object.hasOwn(COMMANDS, name);

await runCommand(async (session) => {
  const [name = '', ...args] = process.argv.slice(2);
  if (!isCommand(name)) throw new UsageError(USAGE);
  await COMMANDS[name](session, args);
});
