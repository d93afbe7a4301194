/** One line of a scrape. */
export type Sample = {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
};

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (nan|[+-]inf|[-+.\de]+)(?: \d+)?$/i;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/y;
const NUMBERS: Readonly<Record<string, number>> = { '+inf': Infinity, '-inf': -Infinity, nan: Number.NaN };

function labelsOf(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (!match) throw new Error(`No labels: ${text}`);
    labels[match[1] ?? ''] = match[2] ?? '';
  }
  return labels;
}

/**
 * Reads the text format of Prometheus (version 0.0.4), and throws for anything that is none: lines of another form, samples without a
 * type, names or labels that are given twice.
 */
export function parseExposition(text: string): readonly Sample[] {
  if (!text.endsWith('\n')) throw new Error('The last line has no end.');
  const types = new Map<string, string>();
  const seen = new Set<string>();
  return text.split('\n').flatMap((line) => {
    if (line === '' || line.startsWith('# HELP ')) return [];
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary|untyped)$/.exec(line);
    if (type) {
      if (types.has(type[1] ?? '')) throw new Error(`Typed twice: ${line}`);
      types.set(type[1] ?? '', type[2] ?? '');
      return [];
    }
    const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    const family = types.has(name) ? name : name.replace(/_(?:bucket|sum|count)$/, '');
    if (name === '' || !types.has(family)) throw new Error(`No sample of a known type: ${line}`);
    const key = `${name}{${labels}}`;
    if (seen.has(key)) throw new Error(`Given twice: ${line}`);
    seen.add(key);
    return [{ name, labels: labelsOf(labels), value: NUMBERS[value.toLowerCase()] ?? Number(value) }];
  });
}
