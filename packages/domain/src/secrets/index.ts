export { lengthPrefixed } from './bytes.ts';
export { type Binding, EnvelopeError, open, seal } from './envelope.ts';
export { holdKeyVersion, KeyRingMismatch, listKeyVersions, retireKey, verifyKeyRing } from './key-custody.ts';
export { formatKeyRing, type KeyRing, parseKeyRing, withNewVersion, withoutVersion, workspaceKey } from './key-ring.ts';
