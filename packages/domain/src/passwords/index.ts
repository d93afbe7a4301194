export { refusalOf } from './blocklist.model.ts';
export { createPasswords, type Passwords } from './passwords.ts';
