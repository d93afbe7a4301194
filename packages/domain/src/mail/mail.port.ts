/** One plain-text message to one address. */
export type Mail = {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  /** A UUID that becomes its Message-ID: what is sent twice under one can be told from two messages. Without it each has its own. */
  readonly id?: string;
};

/** The message or its address was refused for good: there is no use in sending it again. */
export class MailRefused extends Error {
  constructor(cause: unknown) {
    super('The mail server refused the message for good.', { cause });
    this.name = 'MailRefused';
  }
}

/** Hands a message over for delivery. Never called inside a transaction: a mail server may take its time. */
export type MailPort = {
  /** Throws `MailRefused`, or anything else for a failure that may pass. */
  send(mail: Mail): Promise<void>;
};
