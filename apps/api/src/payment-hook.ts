import type { CallbackRequest } from '@morket/domain/payment';
import type { FastifyInstance } from 'fastify';

/** Where the payment provider calls back. */
export const PAYMENT_HOOK_PATH = '/hooks/payments';
const BODY_LIMIT_BYTES = 64 * 1024;

/** Whoever hears what the payment provider has to say. */
export type PaymentListener = { hear(request: CallbackRequest): Promise<void> };

/** Takes the provider's callbacks, byte for byte: their signature covers the body as it was sent. Unsigned ones are refused (403). */
export function registerPaymentHook(app: FastifyInstance, recharger: PaymentListener): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES },
      async (_: unknown, body: Buffer) => body,
    );
    scope.post(PAYMENT_HOOK_PATH, async (request, reply) => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
      );
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      await recharger.hear({ headers, body });
      return reply.code(200).send({ received: true });
    });
  });
}
