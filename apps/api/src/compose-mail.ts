import { createFileMail, createSmtpMail, type MailPort } from '@morket/domain/mail';
import type { Configuration } from './runtime/configuration.ts';

/** Mail goes through the server that the environment names, else into files of the data directory. `close` ends its connections. */
export function createMail({
  env,
  paths,
}: Pick<Configuration, 'env' | 'paths'>): MailPort & { readonly close: () => void } {
  const { SMTP_URL: url, MAIL_FROM: from } = env;
  if (url === undefined || from === undefined) return { ...createFileMail(paths.mail), close: () => undefined };
  return createSmtpMail({ url, from });
}
