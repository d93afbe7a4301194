export { canonicalEmail, Email } from './email.ts';
export { type Page, PageInput, pageFields, pageOf } from './page.ts';
export { isStorableText, line, text } from './text.ts';
export { CreditAmount, CreditBalance, Done, Id, IdempotencyKey } from './values.ts';
