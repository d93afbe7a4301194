/** Run as a process of its own: asks the API at the first argument who is signed in by the file at the second. */
import { createMorket } from '../src/index.ts';
import { fileTokens } from '../src/node.ts';

const [, , url = '', file = ''] = process.argv;
const morket = createMorket({ url, tokens: fileTokens(file) });
console.log((await morket.auth.me.query()).email);
