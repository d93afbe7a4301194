/** One plain-text message to one address. */
export type Mail = { readonly to: string; readonly subject: string; readonly text: string };

/** Hands a message over for delivery. Called after the commit, so a failure undoes nothing. */
export type MailPort = { send(mail: Mail): Promise<void> };
