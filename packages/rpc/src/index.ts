export type { Context } from './context.ts';
export { domainErrorOf } from './errors.ts';
export { type ProcedureInfo, procedures } from './manifest.ts';
export type { Access, Meta, RestMethod, RestRoute } from './meta.ts';
export type { AddressPolicy, Services } from './ports/index.ts';
export { type AppRouter, appRouter } from './router.ts';
