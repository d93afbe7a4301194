import fc from 'fast-check';
import { expect, test } from 'vitest';
import { csvRecord } from './csv.model.ts';

/** A reader of RFC 4180, written apart from the writer. */
function readCsv(text: string): string[][] {
  const records: string[][] = [];
  let at = 0;
  while (at < text.length) {
    const record: string[] = [];
    for (;;) {
      let cell = '';
      if (text[at] === '"') {
        at += 1;
        for (;;) {
          if (text[at] === '"' && text[at + 1] === '"') {
            cell += '"';
            at += 2;
          } else if (text[at] === '"') {
            at += 1;
            break;
          } else {
            cell += text[at];
            at += 1;
          }
        }
      } else while (at < text.length && text[at] !== ',' && text[at] !== '\r') cell += text[at++];
      record.push(cell);
      if (text[at] !== ',') break;
      at += 1;
    }
    expect(text.slice(at, at + 2)).toBe('\r\n');
    at += 2;
    records.push(record);
  }
  return records;
}

const DANGEROUS = ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '＝', '＋', '－', '＠'];
const text = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.string({ unit: fc.constantFrom(...DANGEROUS, '"', ',', "'", ' ', 'a'), maxLength: 8 }),
);

/** Invariant: whatever is written is read back cell by cell, behind at most one apostrophe. */
test('a record is read back as it was written', () => {
  fc.assert(
    fc.property(fc.array(fc.array(text, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 }), (records) => {
      const read = readCsv(records.map(csvRecord).join(''));
      expect(read.map((record) => record.length)).toEqual(records.map((record) => record.length));
      for (const [row, record] of records.entries())
        for (const [column, value] of record.entries()) expect([value, `'${value}`]).toContain(read[row]?.[column]);
    }),
    { numRuns: 500 },
  );
});

/** Invariant: no cell begins with what a spreadsheet takes for a formula, in whatever width and behind whatever blanks. */
test('no cell is a formula', () => {
  fc.assert(
    fc.property(text, (value) => {
      const [[cell = ''] = []] = readCsv(csvRecord([value]));
      expect(DANGEROUS).not.toContain(cell[0]);
      expect(DANGEROUS.slice(0, 4)).not.toContain(cell.trimStart()[0]);
      expect(DANGEROUS.slice(8)).not.toContain(cell.trimStart()[0]);
    }),
    { numRuns: 500 },
  );
});

test.each(DANGEROUS)('a cell that begins with %j is guarded', (start) => {
  expect(readCsv(csvRecord([`${start}cmd|'/c calc'!A1`]))).toEqual([[`'${start}cmd|'/c calc'!A1`]]);
});

test('harmless cells stay as they are, and nothing is an empty cell', () => {
  expect(csvRecord(['a', null, 'b c', '1', 'x=1'])).toBe('a,,b c,1,x=1\r\n');
  expect(csvRecord(['say "hi"', 'a,b'])).toBe('"say ""hi""","a,b"\r\n');
});
