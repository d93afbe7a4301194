import {
  type ChangePasswordInput,
  CurrentPasswordWrong,
  InvalidCredentials,
  type LoginInput,
  PasswordChanged,
  PasswordRefused,
  ProfileUpdated,
  type RegisterInput,
  type SignedIn,
  type UpdateProfileInput,
  type User,
  UserRegistered,
} from '@morket/contract/auth';
import type { Db } from '@morket/db';
import type { RequestOrigin, UserScope } from '../access/index.ts';
import { findReplay, once } from '../idempotency/index.ts';
import { newId } from '../ids/index.ts';
import { type Passwords, refusalOf } from '../passwords/index.ts';
import { record } from '../record/index.ts';
import type { SessionService } from './session.service.ts';
import * as repo from './user.repo.ts';

/** The hash was replaced while it was compared: by another change, then the proof fails, or by a login that renewed it. */
class ProofOutdated extends Error {}

type Deps = {
  readonly db: Db;
  readonly passwords: Passwords;
  readonly sessions: Pick<SessionService, 'openSessionIn' | 'tokensOf' | 'revokeIn'>;
};

function assertAcceptable(password: string, context: readonly string[]): void {
  const reason = refusalOf(password, context);
  if (reason) throw PasswordRefused({ reason });
}

/** Accounts: register, sign in, profile, password. Hashing happens before any transaction opens. */
export function createAuthService({ db, passwords, sessions }: Deps) {
  /** Makes an account and signs it in. Throws `auth.email_taken`, `auth.password_refused`. */
  async function register(input: RegisterInput, origin: RequestOrigin): Promise<SignedIn> {
    const { email, name, password } = input;
    assertAcceptable(password, [email, name]);
    const passwordHash = await passwords.hash(password);
    const { user, session } = await db.transaction(async (tx) => {
      const user = await repo.insertUser(tx, { id: newId(), email, name, passwordHash });
      const acting = { actorId: user.id, workspaceId: null, impersonatorId: null, origin };
      await record(tx, acting, UserRegistered(user.id, { email, name }));
      return { user, session: await sessions.openSessionIn(tx, user.id, origin) };
    });
    return { user: repo.toUserDto(user), ...(await sessions.tokensOf(session)) };
  }

  /** Opens a session. A wrong address and a wrong password take as long and throw the same `auth.invalid_credentials`. */
  async function login({ email, password }: LoginInput, origin: RequestOrigin): Promise<SignedIn> {
    const user = await repo.findUserByEmail(db.read, email);
    const matches = await passwords.verify(password, user?.passwordHash ?? null);
    if (!user || !matches || user.disabledAt) throw InvalidCredentials({});
    const rehashed = passwords.isOutdated(user.passwordHash) ? await passwords.hash(password) : null;
    // Its record is written by openSessionIn.
    const session = await db.transaction(async (tx) => {
      await repo.lockUser(tx, user.id);
      const { passwordHash: proven } = await repo.getUser(tx, user.id);
      if (proven !== user.passwordHash) return null;
      if (rehashed) await repo.updateUser(tx, user.id, { passwordHash: rehashed });
      return sessions.openSessionIn(tx, user.id, origin);
    });
    // The hash was replaced while it was being compared, by a change of the password or by a login that renewed it.
    if (!session) return login({ email, password }, origin);
    return { user: repo.toUserDto(user), ...(await sessions.tokensOf(session)) };
  }

  /** The caller's own account. */
  async function me(scope: UserScope): Promise<User> {
    return repo.toUserDto(await repo.getUser(db.read, scope.actorId));
  }

  async function updateProfile(scope: UserScope, { name }: UpdateProfileInput): Promise<User> {
    return once(db, scope, async (tx) => {
      await repo.lockUser(tx, scope.actorId);
      const before = await repo.getUser(tx, scope.actorId);
      const after = await repo.updateUser(tx, scope.actorId, { name });
      await record(tx, scope, ProfileUpdated(scope.actorId, { name }), {
        before: { name: before.name },
        after: { name: after.name },
      });
      return repo.toUserDto(after);
    });
  }

  /** Ends the caller's other sessions. Throws `auth.current_password_wrong`, `auth.password_refused`. */
  async function changePassword(scope: UserScope, input: ChangePasswordInput): Promise<null> {
    // A repeated call proves a password that it has replaced itself.
    const earlier = await findReplay<null>(db, scope);
    if (earlier) return earlier.answer;
    const { currentPassword, newPassword } = input;
    const user = await repo.getUser(db.read, scope.actorId);
    if (!(await passwords.verify(currentPassword, user.passwordHash))) {
      // By a twin that has committed since.
      const late = await findReplay<null>(db, scope);
      if (late) return late.answer;
      throw CurrentPasswordWrong({});
    }
    if (newPassword === currentPassword) throw PasswordRefused({ reason: 'unchanged' });
    assertAcceptable(newPassword, [user.email, user.name]);
    const passwordHash = await passwords.hash(newPassword);
    const change = once(db, scope, async (tx) => {
      await repo.lockUser(tx, scope.actorId);
      const { passwordHash: proven } = await repo.getUser(tx, scope.actorId);
      if (proven !== user.passwordHash) throw new ProofOutdated();
      await repo.updateUser(tx, scope.actorId, { passwordHash });
      await sessions.revokeIn(tx, scope, { except: scope.sessionId }, 'password_changed');
      await record(tx, scope, PasswordChanged(scope.actorId, {}));
      return null;
    });
    return change.catch((err: unknown) => {
      if (err instanceof ProofOutdated) return changePassword(scope, input);
      throw err;
    });
  }

  return { register, login, me, updateProfile, changePassword };
}

export type AuthService = ReturnType<typeof createAuthService>;
