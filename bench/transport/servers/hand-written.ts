/**
 * What one would write by hand in place of `workspace.get`: verify the token as the product does and remember that it was, read session,
 * person, membership and workspace in one query, make the same checks, and answer in the same envelope.
 */
import { hash, hkdfSync } from 'node:crypto';
import { fastify } from 'fastify';
import { jwtVerify } from 'jose';
import pg from 'pg';
import { z } from 'zod';
import { JWT_SECRET } from '../../product/composition.ts';
import { serve } from './listen.ts';

const key = new Uint8Array(hkdfSync('sha256', JWT_SECRET, '', 'morket/access-token/v1', 32));
const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 10 });
const isPrepared = process.env.PREPARED === '1';

const Claims = z.object({ sub: z.uuid(), sid: z.uuid(), gen: z.int().nonnegative() });
const Input = z.object({ workspaceId: z.uuid() });
const READERS = new Set(['owner', 'admin', 'manager', 'member', 'viewer', 'support']);
const META = { values: { createdAt: ['Date'], updatedAt: ['Date'] }, v: 1 };

const QUERY = `
  select s.observed_gen, s.revoked_at is not null as revoked, s.absolute_expires_at <= now() as expired,
         u.disabled_at is not null as disabled, w.id, w.name, w.slug, w.created_at, w.updated_at, m.role::text as role
    from sessions s
    join users u on u.id = s.user_id
    left join workspaces w on w.id = $3::uuid and w.deleted_at is null
    left join memberships m on m.workspace_id = w.id and m.user_id = s.user_id
   where s.id = $1::uuid and s.user_id = $2::uuid`;

/** Tokens that were verified, by their hash, as the product remembers them. */
const verified = new Map<string, { readonly claims: z.infer<typeof Claims>; readonly expiresAtSeconds: number }>();

async function claimsOf(token: string): Promise<z.infer<typeof Claims>> {
  const digest = hash('sha256', token, 'base64');
  const known = verified.get(digest);
  if (known && known.expiresAtSeconds > Date.now() / 1000) return known.claims;
  const { payload } = await jwtVerify(token, key, {
    algorithms: ['HS256'],
    typ: 'at+jwt',
    issuer: 'morket',
    audience: 'morket-api',
    requiredClaims: ['sub', 'sid', 'gen', 'iat', 'exp', 'jti'],
    clockTolerance: 5,
  });
  const claims = Claims.parse(payload);
  verified.set(digest, { claims, expiresAtSeconds: payload.exp ?? 0 });
  return claims;
}

const app = fastify();

app.get('/trpc/workspace.get', async (request, reply) => {
  const { authorization = '' } = request.headers;
  const { input = '' } = request.query as { input?: string }; // parsed and checked below
  const claims = await claimsOf(authorization.replace(/^Bearer /, ''));
  const { workspaceId } = Input.parse(JSON.parse(input));
  const values = [claims.sid, claims.sub, workspaceId];
  const { rows } = await pool.query({ text: QUERY, values, ...(isPrepared && { name: 'workspace' }) });
  const row = rows[0];
  if (!row || row.revoked || row.expired || row.disabled || claims.gen > row.observed_gen)
    return reply.code(401).send();
  if (row.id === null || row.role === null || !READERS.has(row.role)) return reply.code(403).send();
  const json = {
    id: row.id,
    name: row.name,
    slug: row.slug,
    role: row.role,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
  return { result: { data: { json, meta: META } } };
});

await app.listen({ port: 0, host: '127.0.0.1' });
serve(app.server);
