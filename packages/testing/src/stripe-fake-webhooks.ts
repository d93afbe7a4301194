import { createHmac } from 'node:crypto';

export type StripeFakeEvent = {
  readonly id: string;
  readonly object: 'event';
  readonly api_version: string;
  readonly created: number;
  readonly type: string;
  readonly livemode: false;
  readonly data: { readonly object: unknown };
};
export type StripeFakeDelivery = { readonly headers: Record<string, string>; readonly body: Buffer };
export type SigningOptions = {
  /** One signature for each; Stripe signs with two while a secret is being replaced. */
  readonly secrets?: readonly string[];
  /** When it says it was sent. */
  readonly atMs?: number;
};

/** What arrives at a webhook endpoint, in the scheme of https://docs.stripe.com/webhooks#verify-manually. */
export function signEvent(event: unknown, { secrets, atMs }: Required<SigningOptions>): StripeFakeDelivery {
  const body = Buffer.from(JSON.stringify(event, null, 2));
  const timestamp = Math.floor(atMs / 1_000);
  const signatures = secrets.map((secret) => createHmac('sha256', secret).update(`${timestamp}.${body}`).digest('hex'));
  const header = [`t=${timestamp}`, ...signatures.map((signature) => `v1=${signature}`), `v0=${'0'.repeat(64)}`].join(
    ',',
  );
  return { headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': header }, body };
}

/** Sends it, and gives the status of the answer. */
export async function postDelivery(url: string, { headers, body }: StripeFakeDelivery): Promise<number> {
  const response = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body) });
  await response.body?.cancel();
  return response.status;
}
