/** What spreadsheets take for the beginning of a formula, in ASCII and in full width; some look behind blanks first. */
const STARTS_FORMULA = /^(?:[\t\r\n\0]|\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20\0])/;
const NEEDS_QUOTES = /[",\r\n]/;

/** A cell that no spreadsheet computes: what would start a formula starts with an apostrophe instead (CWE-1236). */
const guarded = (text: string): string => (STARTS_FORMULA.test(text) ? `'${text}` : text);

function cell(value: string | null): string {
  const text = guarded(value ?? '');
  return NEEDS_QUOTES.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** One record of a CSV file with its line break (RFC 4180); null is an empty cell. */
export const csvRecord = (values: readonly (string | null)[]): string => `${values.map(cell).join(',')}\r\n`;
