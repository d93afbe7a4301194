export { aMember, aPerson, aTenant, type Person, scopeIn, type Tenant } from './factories.ts';
export { anOrigin, createWorld, unique, useWorld, type World, type WorldOptions } from './world.ts';
