export {
  aJob,
  aMember,
  anApiKey,
  aPerson,
  aTenant,
  type Person,
  scopeIn,
  sessionIdOf,
  type Tenant,
} from './factories.ts';
export { anOrigin, createWorld, unique, useWorld, type World, type WorldOptions } from './world.ts';
