import type { RatePolicy } from '@morket/domain/rate-limit';
import type { Env } from './env.ts';

const REFRESH_PER_ADDRESS = 60;
const REFRESH_PER_SESSION = 30;
const FORM_POSTS_PER_ADDRESS = 30;
const FORM_POSTS_PER_FORM = 600;
/** However many keys are made in it, used and revoked. */
const USER_BUDGETS_PER_WORKSPACE = 5;

/** Calls one process sets aside at once: few of the limit, or what it leaves unspent would lock the caller out of the others. */
const leaseOf = (limit: number): number => Math.max(1, Math.min(50, Math.floor(limit / 20)));

/** Calls per minute; 0 in the environment switches a limit off (the entrance's one also those of refresh and logout). */
export function ratePoliciesOf(env: Env) {
  const { RATE_LIMIT_AUTH_PER_MINUTE: auth, RATE_LIMIT_PER_MINUTE: anonymous, RATE_LIMIT_USER_PER_MINUTE: user } = env;
  const guarded = auth > 0;
  const workspace = user * USER_BUDGETS_PER_WORKSPACE;
  return {
    auth: { name: 'auth', limit: auth, lease: 1, whenStoreFails: 'refuse' },
    password: { name: 'password', limit: auth, lease: 1, whenStoreFails: 'refuse' },
    refresh: { name: 'refresh', limit: guarded ? REFRESH_PER_ADDRESS : 0, lease: 1, whenStoreFails: 'refuse' },
    session: { name: 'session', limit: guarded ? REFRESH_PER_SESSION : 0, lease: 1, whenStoreFails: 'refuse' },
    anonymous: { name: 'anonymous', limit: anonymous, lease: leaseOf(anonymous), whenStoreFails: 'allow' },
    formAddress: {
      name: 'form-address',
      limit: anonymous > 0 ? FORM_POSTS_PER_ADDRESS : 0,
      lease: 1,
      whenStoreFails: 'allow',
    },
    form: {
      name: 'form',
      limit: anonymous > 0 ? FORM_POSTS_PER_FORM : 0,
      lease: leaseOf(FORM_POSTS_PER_FORM),
      whenStoreFails: 'allow',
    },
    key: { name: 'key', limit: anonymous, lease: leaseOf(anonymous), whenStoreFails: 'allow' },
    principal: { name: 'principal', limit: user, lease: leaseOf(user), whenStoreFails: 'allow' },
    workspace: { name: 'workspace', limit: workspace, lease: leaseOf(workspace), whenStoreFails: 'allow' },
  } as const satisfies Record<string, RatePolicy>;
}
