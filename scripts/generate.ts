/** `npm run generate` rewrites the committed generated files; `--check` changes nothing and fails on stale ones. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { planGeneration } from './generate/plan.ts';
import { GENERATORS } from './generators.ts';

const root = path.resolve(import.meta.dirname, '..');
const { changed, leftOver, total } = await planGeneration(GENERATORS, root);

if (process.argv.includes('--check')) {
  for (const { path: file } of changed) console.log(`${file} is stale`);
  for (const file of leftOver) console.log(`${file} is made by no generator any more`);
  if (changed.length + leftOver.length > 0) {
    console.log('Run `npm run generate` and commit what it changes.');
    process.exitCode = 1;
  } else console.log(`${total} generated files are up to date.`);
} else {
  for (const { path: file, text } of changed) {
    await mkdir(path.dirname(path.join(root, file)), { recursive: true });
    await writeFile(path.join(root, file), text);
    console.log(`wrote ${file}`);
  }
  for (const file of leftOver) {
    await rm(path.join(root, file));
    console.log(`removed ${file}`);
  }
  console.log(`${total} generated files, ${changed.length} rewritten, ${leftOver.length} removed.`);
}
