export { planOf } from './plan.ts';
export { type WireSerializer, wireSerializer } from './serializer.ts';
