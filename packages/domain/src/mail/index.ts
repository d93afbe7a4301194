export { createFileMail } from './file-mail.ts';
export { type Mail, type MailPort, MailRefused } from './mail.port.ts';
export { createSmtpMail } from './smtp-mail.ts';
