/**
 * One source seen three ways, each as long as the original with the same line breaks, so that an offset in one is an
 * offset in all. What a view leaves out is blanked with spaces.
 */
export type Views = {
  /** Comments blanked. */
  readonly code: string;
  /** Comments and the content of strings, templates and regular expressions blanked; the quotes stay. */
  readonly bare: string;
  /** Everything but comments blanked. */
  readonly comments: string;
};

const COMMENT = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y;
const STRING = /'(?:[^'\\\n]|\\[\s\S])*'?|"(?:[^"\\\n]|\\[\s\S])*"?/y;
const REGEX = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/\w*/y;
const TEMPLATE_TEXT = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))+/y;
const WORD = /[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
/** After these a slash opens a regular expression; after any other word it divides. */
const BEFORE_REGEX = new Set([
  'await',
  'case',
  'delete',
  'else',
  'in',
  'of',
  'return',
  'throw',
  'typeof',
  'void',
  'yield',
]);

/** Splits code from comments and literals. Knows TypeScript, not JSX text, where a lone quote blanks its line at most. */
export function viewsOf(text: string): Views {
  const kinds = classify(text);
  const view = (keep: (kind: Kind) => boolean) =>
    Array.from({ length: text.length }, (_, index) =>
      text[index] === '\n' || keep(kinds[index] ?? 'code') ? text[index] : ' ',
    ).join('');
  return {
    code: view((kind) => kind !== 'comment'),
    bare: view((kind) => kind === 'code'),
    comments: view((kind) => kind === 'comment'),
  };
}

type Kind = 'code' | 'comment' | 'literal';

/** Names the kind of each UTF-16 unit. */
function classify(text: string): Kind[] {
  const kinds = new Array<Kind>(text.length).fill('code');
  /** For each open `${`, how many braces stand open inside it; the innermost is last. */
  const openBraces: number[] = [];
  let inTemplate = false;
  let slashOpensRegex = true;
  let at = 0;

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  };
  const take = (length: number, kind: Kind, quotes = 0) => {
    kinds.fill(kind, at + quotes, at + length - quotes);
    at += length;
  };

  while (at < text.length) {
    const char = text[at] ?? '';
    if (inTemplate) {
      const chunk = match(TEMPLATE_TEXT);
      if (chunk) take(chunk.length, 'literal');
      else {
        inTemplate = false;
        if (char === '$') openBraces.push(0);
        slashOpensRegex = char === '$';
        take(char === '$' ? 2 : 1, 'code');
      }
      continue;
    }
    const comment = match(COMMENT);
    const string = match(STRING);
    const regex = slashOpensRegex ? match(REGEX) : undefined;
    const word = match(WORD);
    if (comment) take(comment.length, 'comment');
    else if (string) take(string.length, 'literal', 1);
    else if (regex) take(regex.length, 'literal', 1);
    else if (word) take(word.length, 'code');
    else {
      const depth = openBraces.at(-1);
      if (char === '`') inTemplate = true;
      if (char === '{' && depth !== undefined) openBraces[openBraces.length - 1] = depth + 1;
      if (char === '}' && depth !== undefined) {
        if (depth > 0) openBraces[openBraces.length - 1] = depth - 1;
        else {
          openBraces.pop();
          inTemplate = true;
        }
      }
      take(1, 'code');
    }
    if (comment || /\s/.test(char)) continue;
    slashOpensRegex = word ? BEFORE_REGEX.has(word) : !(string || regex || /[)\]}\d]/.test(char));
  }
  return kinds;
}
