import {
  ChangePasswordInput,
  CurrentPasswordWrong,
  EmailTaken,
  InvalidCredentials,
  ListSessionsInput,
  LoginInput,
  PasswordRefused,
  RefreshInput,
  RefreshTokenRefused,
  RegisterInput,
  RevokedSessions,
  RevokeSessionInput,
  SessionNotFound,
  SessionPage,
  SetActiveWorkspaceInput,
  SignedIn,
  TokenPair,
  UpdateProfileInput,
  User,
} from '@morket/contract/auth';
import { Forbidden } from '@morket/contract/errors';
import { Done } from '@morket/contract/primitives';
import { AcceptInvitationInput, AlreadyMember, InvitationRefused, Workspace } from '@morket/contract/workspace';
import { headerKeyOf } from '../idempotency-key.ts';
import { publicProcedure, userProcedure } from '../procedures/index.ts';
import { t } from '../trpc.ts';

const sessionsRouter = t.router({
  list: userProcedure()
    .meta({ rest: { method: 'GET', path: '/auth/sessions' }, summary: 'List your live sessions' })
    .input(ListSessionsInput)
    .output(SessionPage)
    .query(({ ctx, input }) => ctx.services.sessions.list(ctx.scope, input)),
  revoke: userProcedure()
    .meta({
      rest: { method: 'DELETE', path: '/auth/sessions/{sessionId}' },
      summary: 'End one of your sessions',
      errors: [SessionNotFound],
    })
    .input(RevokeSessionInput)
    .output(Done)
    .mutation(({ ctx, input }) => ctx.services.sessions.revoke(ctx.scope, input)),
  revokeOthers: userProcedure({ actsOnSession: true })
    .meta({ rest: { method: 'POST', path: '/auth/sessions/revoke-others' }, summary: 'End all your other sessions' })
    .output(RevokedSessions)
    .mutation(({ ctx }) => ctx.services.sessions.revokeOthers(ctx.scope)),
});

export const authRouter = t.router({
  register: publicProcedure('auth')
    .meta({
      rest: { method: 'POST', path: '/auth/register', status: 201 },
      summary: 'Make an account and sign in',
      errors: [EmailTaken, PasswordRefused],
    })
    .input(RegisterInput)
    .output(SignedIn)
    .mutation(({ ctx, input }) => ctx.services.auth.register(input, ctx.origin)),
  login: publicProcedure('auth')
    .meta({ rest: { method: 'POST', path: '/auth/login' }, summary: 'Sign in', errors: [InvalidCredentials] })
    .input(LoginInput)
    .output(SignedIn)
    .mutation(({ ctx, input }) => ctx.services.auth.login(input, ctx.origin)),
  refresh: publicProcedure('refresh')
    .meta({
      rest: { method: 'POST', path: '/auth/refresh' },
      summary: 'Exchange a refresh token',
      readsKey: true,
      errors: [RefreshTokenRefused],
    })
    .input(RefreshInput)
    .output(TokenPair)
    .mutation(({ ctx, input }) =>
      ctx.services.sessions.refresh({ ...input, idempotencyKey: headerKeyOf(ctx) }, ctx.origin),
    ),
  logout: publicProcedure('refresh')
    .meta({
      rest: { method: 'POST', path: '/auth/logout' },
      summary: 'End the session of a refresh token',
      errors: [RefreshTokenRefused],
    })
    .input(RefreshInput)
    .output(Done)
    .mutation(({ ctx, input }) => ctx.services.sessions.logout(input, ctx.origin)),
  me: userProcedure()
    .meta({ rest: { method: 'GET', path: '/auth/me' }, summary: 'Your account' })
    .output(User)
    .query(({ ctx }) => ctx.services.auth.me(ctx.scope)),
  updateProfile: userProcedure()
    .meta({ rest: { method: 'PATCH', path: '/auth/me' }, summary: 'Change your name' })
    .input(UpdateProfileInput)
    .output(User)
    .mutation(({ ctx, input }) => ctx.services.auth.updateProfile(ctx.scope, input)),
  changePassword: userProcedure({ provesPassword: true })
    .meta({
      rest: { method: 'PUT', path: '/auth/password' },
      summary: 'Change your password',
      errors: [CurrentPasswordWrong, PasswordRefused],
    })
    .input(ChangePasswordInput)
    .output(Done)
    .mutation(({ ctx, input }) => ctx.services.auth.changePassword(ctx.scope, input)),
  setActiveWorkspace: userProcedure({ actsOnSession: true })
    .meta({
      rest: { method: 'PUT', path: '/auth/active-workspace' },
      summary: 'Choose the active workspace',
      errors: [Forbidden],
    })
    .input(SetActiveWorkspaceInput)
    .output(Done)
    .mutation(({ ctx, input }) => ctx.services.workspaces.setActive(ctx.scope, input)),
  acceptInvitation: userProcedure()
    .meta({
      rest: { method: 'POST', path: '/auth/invitations/accept' },
      summary: 'Accept an invitation',
      errors: [InvitationRefused, AlreadyMember],
    })
    .input(AcceptInvitationInput)
    .output(Workspace)
    .mutation(({ ctx, input }) => ctx.services.invitations.accept(ctx.scope, input)),
  sessions: sessionsRouter,
});
