/** Enforces what docs/architecture.md promises and no compiler sees: arrows, places of construction, banned constructs. */
import { checkSource } from './house-rules/check-source.ts';
import { readSources } from './source-files.ts';

/** These files quote what they forbid. */
const ITSELF = /^scripts\/checks\/house-rules/;

const sources = readSources(process.cwd(), '{apps,packages,scripts,examples,bench}/**/*.{ts,tsx,mts,mjs}');
const rootSources = readSources(process.cwd(), '*.{ts,mts,mjs}');
const violations = [...sources, ...rootSources].filter(({ path }) => !ITSELF.test(path)).flatMap(checkSource);

for (const { path, line, rule, why } of violations) console.log(`${path}:${line}  ${rule}: ${why}`);
console.log(`${violations.length} violations in ${sources.length + rootSources.length} files.`);
if (violations.length > 0) process.exitCode = 1;
