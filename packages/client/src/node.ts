export { fileTokens } from './node/file-tokens.ts';
