import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SchemaFilter } from '@prisma/schema-engine-wasm';
import * as bindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import pg from 'pg';
import { createMigrationAdapter } from './adapter.ts';
import { MigrationError } from './errors.ts';

export const NO_FILTERS: SchemaFilter = { externalTables: [], externalEnums: [] };

/** The engine wants a schema to learn the provider from; what it says beyond that does not matter here. */
const PROVIDER_ONLY = 'datasource db {\n  provider = "postgresql"\n}\n';

export type EngineSession = {
  readonly engine: bindings.SchemaEngine;
  readonly pool: pg.Pool;
  /** What the server said about the last script that failed. */
  lastScriptError(): { readonly error: pg.DatabaseError; readonly script: string } | null;
};

/** Opens Prisma's schema engine (as WASM: the native one is a download) on a database for the time of `work`. */
export async function withSchemaEngine<T>(
  databaseUrl: string,
  work: (session: EngineSession) => Promise<T>,
): Promise<T> {
  initialized ??= initialize();
  await initialized;
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    application_name: 'morket migrations',
    max: 1,
    connectionTimeoutMillis: 10_000,
  });
  pool.on('error', () => {});
  let lastScriptError: ReturnType<EngineSession['lastScriptError']> = null;
  const adapter = createMigrationAdapter(pool, (error, script) => {
    lastScriptError = { error, script };
  });
  try {
    const engine = await bindings.SchemaEngine.new(
      { datamodels: [['schema.prisma', PROVIDER_ONLY]] },
      () => {},
      bindMigrationAwareSqlAdapterFactory(adapter),
    ).catch(rethrow);
    try {
      return await work({ engine, pool, lastScriptError: () => lastScriptError });
    } finally {
      engine.free();
    }
  } finally {
    await pool.end();
  }
}

/** Turns a rejection of the engine into a MigrationError. */
export function rethrow(error: unknown): never {
  if (error instanceof MigrationError) throw error;
  const message = error instanceof Error ? error.message : String(error);
  throw new MigrationError('engine', withoutEngineStack(message), { cause: error });
}

/** The engine wraps what went wrong into a general heading and a stack of its own. */
export function withoutEngineStack(text: string): string {
  const [said = text] = text.split(/\n\s*0: /);
  return said.replace(/^external connector error\s*/, '').trim();
}

let initialized: Promise<void> | undefined;

/** What is used of WebAssembly, whose types come with the DOM library that this code base leaves out. */
type WebAssemblyApi = {
  instantiate(code: Uint8Array, imports: object): Promise<{ instance: { exports: { __wbindgen_start(): void } } }>;
};

/** The bindings hold one instance for the whole process. Node does not import `.wasm` as bundlers do, so it is done by hand. */
async function initialize(): Promise<void> {
  const script = createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm/schema_engine_bg');
  const code = await readFile(join(dirname(script), 'schema_engine_bg.wasm'));
  const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: WebAssemblyApi }; // part of Node since version 8
  const { instance } = await wasm.instantiate(code, { './schema_engine_bg.js': bindings });
  // wasm-bindgen's own entry points, which its declarations leave out.
  const { __wbg_set_wasm: setExports } = bindings as unknown as { __wbg_set_wasm(exports: object): void };
  setExports(instance.exports);
  instance.exports.__wbindgen_start();
}
