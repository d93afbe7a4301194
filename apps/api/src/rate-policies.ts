import type { RatePolicy } from '@morket/domain/rate-limit';
import type { Env } from './env.ts';

const REFRESH_PER_ADDRESS = 60;
const REFRESH_PER_SESSION = 30;

/** Calls per minute; 0 in the environment switches a limit off (the entrance's one also those of refresh and logout). */
export function ratePoliciesOf(env: Env) {
  const guarded = env.RATE_LIMIT_AUTH_PER_MINUTE > 0;
  return {
    auth: { name: 'auth', limit: env.RATE_LIMIT_AUTH_PER_MINUTE, lease: 1, whenStoreFails: 'refuse' },
    refresh: { name: 'refresh', limit: guarded ? REFRESH_PER_ADDRESS : 0, lease: 1, whenStoreFails: 'refuse' },
    session: { name: 'session', limit: guarded ? REFRESH_PER_SESSION : 0, lease: 1, whenStoreFails: 'refuse' },
    anonymous: { name: 'anonymous', limit: env.RATE_LIMIT_PER_MINUTE, lease: 10, whenStoreFails: 'allow' },
    principal: { name: 'principal', limit: env.RATE_LIMIT_USER_PER_MINUTE, lease: 50, whenStoreFails: 'allow' },
  } as const satisfies Record<string, RatePolicy>;
}
