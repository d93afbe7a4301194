export { type AuthService, createAuthService } from './auth.service.ts';
export { createSessionService, type SessionService } from './session.service.ts';
export { findUserByEmail, getUser, markEmailVerified } from './user.repo.ts';
