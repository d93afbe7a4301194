/** What one look at the machine found; `fix` says what to do about it. */
export type Finding =
  | { readonly level: 'ok'; readonly what: string }
  | { readonly level: 'warn' | 'fail'; readonly what: string; readonly fix: string };

export const ok = (what: string): Finding => ({ level: 'ok', what });
/** Morket runs, though not as well as it could. */
export const warn = (what: string, fix: string): Finding => ({ level: 'warn', what, fix });
/** Morket does not run, or is not safe, until this is mended. */
export const fail = (what: string, fix: string): Finding => ({ level: 'fail', what, fix });
