export { canonicalEmail, Email } from './email.ts';
export { type Page, PageInput, pageOf } from './page.ts';
export { bounded, isStorableText, line, text } from './text.ts';
export { CreditAmount, CreditBalance, Done, Id, IdempotencyKey, Instant } from './values.ts';
