export { createFileMail } from './file-mail.ts';
export type { Mail, MailPort } from './mail.port.ts';
