import type { RequestOrigin } from '@morket/domain/access';
import { FORM_HOOK_PATH, type FormPost } from '@morket/domain/form';
import { addressOf } from '@morket/rpc/http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { traceparentOf } from './http-telemetry.ts';

const BODY_LIMIT_BYTES = 64 * 1024;
const MAX_HEADER_LENGTH = 300;

/** Where forms of other people's pages are sent to. Throws `request.rate_limited`. */
export type FormReceiver = {
  receive(post: FormPost, origin: RequestOrigin): Promise<{ readonly id: string }>;
};

const headerOf = (request: FastifyRequest, name: string): string | null => {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value.toWellFormed() : null;
};
const shortHeaderOf = (request: FastifyRequest, name: string) =>
  headerOf(request, name)?.slice(0, MAX_HEADER_LENGTH) ?? null;

/**
 * Takes what forms send, byte for byte, and always answers 202 with an id: neither key nor page nor field can be probed. Any page may
 * send, because the answer holds no secret and no cookie counts; which pages are meant is the form's own list.
 */
export function registerFormHook(app: FastifyInstance, receiver: FormReceiver): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: BODY_LIMIT_BYTES },
      async (_: unknown, body: Buffer) => body,
    );
    const config = { cors: { origin: '*', credentials: false, methods: ['POST'] } };
    const path = `${FORM_HOOK_PATH}/:formKey`;
    scope.options(path, { config }, async (_request, reply) => reply.code(204).send());
    scope.post<{ Params: { readonly formKey: string } }>(path, { config }, async (request, reply) => {
      const post = {
        formKey: request.params.formKey,
        idempotencyKey: headerOf(request, 'idempotency-key'),
        body: new Uint8Array(Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)),
        contentType: shortHeaderOf(request, 'content-type'),
        origin: shortHeaderOf(request, 'origin'),
      };
      const origin = {
        ...{ requestId: request.id, ip: addressOf(request), userAgent: shortHeaderOf(request, 'user-agent') },
        traceparent: traceparentOf(request),
      };
      return reply.code(202).send(await receiver.receive(post, origin));
    });
  });
}
