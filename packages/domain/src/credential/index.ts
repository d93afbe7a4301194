export { type CredentialService, createCredentialService } from './credential.service.ts';
export { countByKeyVersion, rewrapBatch } from './rewrap.ts';
export { type KeyPair, openPair } from './sealing.ts';
