/** Says where a generated page comes from, so that nobody corrects it by hand. */
export const generatedFrom = (source: string): string =>
  `<!-- Made from ${source} by \`npm run generate\`; changes made here are lost. -->`;

export const code = (text: string): string => `\`${text}\``;

const row = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** A table with a heading for each column. */
export const table = (headings: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(headings), row(headings.map(() => '---')), ...rows.map(row)].join('\n');
