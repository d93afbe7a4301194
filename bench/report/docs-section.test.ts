import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderSection, replaceSection } from './docs-section.ts';
import { flawOf, type Results } from './results.ts';

const BEGIN = '<!-- written by `npm run bench -- --write-docs`: edits are overwritten -->';

const results: Results = {
  startedAt: '2026-11-21T07:00:00.000Z',
  short: false,
  suites: ['transport', 'ledger'],
  machine: { Node: '24.21.0', cores: '2' },
  findings: [
    {
      suite: 'ledger',
      what: 'one hot workspace',
      against: 'pgbench',
      unit: '×',
      value: { median: 12, min: 11, max: 13 },
      target: { atLeast: 10 },
    },
  ],
  measurements: [],
};

test('only what stands between the marks is replaced', () => {
  const document = `# Title\n\n${BEGIN}\n\nold\n\n<!-- end -->\n\nafter\n`;
  const once = replaceSection(document, 'new');
  expect(once).toBe(`# Title\n\n${BEGIN}\n\nnew\n\n<!-- end -->\n\nafter\n`);
  expect(replaceSection(once, 'new')).toBe(once);
});

test.each(['no marks', BEGIN, `${BEGIN} <!-- end --> <!-- end -->`, `${BEGIN}${BEGIN}<!-- end -->`])(
  'a document without both marks, once each, is refused: %s',
  (document) => {
    expect(() => replaceSection(document, 'x')).toThrow('once each');
  },
);

test('the section names the machine, holds a table for each suite, and counts', () => {
  const section = renderSection(results);
  expect(section).toContain('2026-11-21; Node 24.21.0, cores 2.');
  expect(section).toMatch(
    /### ledger\n\n\| what .*\n\| ---.*\n\| one hot workspace \| pgbench \| 12\.0 × .* \| met \|/,
  );
  expect(section).toMatch(/1 targets: 1 met, 0 missed\.$/);
});

test('only a whole run may be published', () => {
  expect(flawOf(results)).toBeNull();
  expect(flawOf({ ...results, short: true })).toContain('short');
  expect(flawOf({ ...results, suites: ['ledger'] })).toContain('ledger alone');
});

test('docs/performance.md shows the published run, unedited', () => {
  const published = new URL('../results/published.json', import.meta.url);
  const document = readFileSync(new URL('../../docs/performance.md', import.meta.url), 'utf8');
  const shown: Results | null = existsSync(published) ? JSON.parse(readFileSync(published, 'utf8')) : null;
  expect(document).toBe(replaceSection(document, renderSection(shown)));
});
