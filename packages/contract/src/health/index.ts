export { Liveness, Readiness } from './health.schema.ts';
