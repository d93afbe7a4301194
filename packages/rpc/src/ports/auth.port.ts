import type {
  ChangePasswordInput,
  LoginInput,
  RefreshInput,
  RegisterInput,
  RevokedSessions,
  RevokeSessionInput,
  Session,
  SignedIn,
  TokenPair,
  UpdateProfileInput,
  User,
} from '@morket/contract/auth';
import type { Page, PageInput } from '@morket/contract/primitives';
import type { RequestOrigin, UserScope } from '@morket/domain/access';

/** The verbs this transport calls. No `Tx` appears in a port, so the router's declarations never load Prisma. */
export type AuthPort = {
  register(input: RegisterInput, origin: RequestOrigin): Promise<SignedIn>;
  login(input: LoginInput, origin: RequestOrigin): Promise<SignedIn>;
  me(scope: UserScope): Promise<User>;
  updateProfile(scope: UserScope, input: UpdateProfileInput): Promise<User>;
  changePassword(scope: UserScope, input: ChangePasswordInput): Promise<null>;
};

export type SessionPort = {
  refresh(input: RefreshInput & { readonly idempotencyKey: string | null }, origin: RequestOrigin): Promise<TokenPair>;
  logout(input: RefreshInput, origin: RequestOrigin): Promise<null>;
  list(scope: UserScope, input: PageInput): Promise<Page<Session>>;
  revoke(scope: UserScope, input: RevokeSessionInput): Promise<null>;
  revokeOthers(scope: UserScope): Promise<RevokedSessions>;
};
