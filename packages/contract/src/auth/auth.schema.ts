import { z } from 'zod';
import { bounded, Email, Id, isStorableText, line, PageInput, pageOf, text } from '../primitives/index.ts';

export const PASSWORD_MIN_BYTES = 8;
/** bcrypt reads no more than 72 bytes; a longer password would be cut without a word, so it is refused. */
export const PASSWORD_MAX_BYTES = 72;

const utf8 = new TextEncoder();

/** The form in which a password is hashed and compared: NFC. */
export const canonicalPassword = (value: string): string => value.normalize('NFC');

/** A password being chosen. */
export const NewPassword = bounded(200)
  .refine(isStorableText, 'must hold no NUL character and no lone surrogate')
  .overwrite(canonicalPassword)
  .refine(
    (value) => utf8.encode(value).length >= PASSWORD_MIN_BYTES,
    `must be at least ${PASSWORD_MIN_BYTES} bytes long in UTF-8`,
  )
  .refine(
    (value) => utf8.encode(value).length <= PASSWORD_MAX_BYTES,
    `must be at most ${PASSWORD_MAX_BYTES} bytes long in UTF-8`,
  )
  .meta({ format: 'password', examples: ['correct horse battery'] });

/** A password being presented: any text, so that its form says nothing about the stored one. */
export const GivenPassword = bounded(1000)
  .min(1)
  .overwrite(canonicalPassword)
  .meta({ format: 'password', examples: ['correct horse battery'] });

const RefreshToken = text(200).meta({ examples: ['v1.AZqixH0OfMOYpT9rjh0qQAAAAAB9Ns2kS3mE1fQxk0aV7bGJ'] });

export const User = z.object({
  id: Id,
  email: z.string().meta({ examples: ['ada@example.com'] }),
  name: z.string().meta({ examples: ['Ada Lovelace'] }),
  createdAt: z.date(),
});
export type User = z.infer<typeof User>;

export const RegisterInput = z.object({
  email: Email,
  password: NewPassword,
  name: line(120).meta({ examples: ['Ada Lovelace'] }),
});
export type RegisterInput = z.infer<typeof RegisterInput>;

export const LoginInput = z.object({ email: Email, password: GivenPassword });
export type LoginInput = z.infer<typeof LoginInput>;

/** `expiresIn` counts seconds of the access token. */
export const TokenPair = z.object({
  accessToken: z.string().meta({ examples: ['eyJhbGciOiJIUzI1NiIsInR5cCI6ImF0K2p3dCJ9…'] }),
  refreshToken: RefreshToken,
  expiresIn: z.int().meta({ examples: [900] }),
});
export type TokenPair = z.infer<typeof TokenPair>;

export const SignedIn = TokenPair.extend({ user: User });
export type SignedIn = z.infer<typeof SignedIn>;

export const RefreshInput = z.object({ refreshToken: RefreshToken });
export type RefreshInput = z.infer<typeof RefreshInput>;

export const UpdateProfileInput = z.object({ name: line(120).meta({ examples: ['Ada King'] }) });
export type UpdateProfileInput = z.infer<typeof UpdateProfileInput>;

export const ChangePasswordInput = z.object({ currentPassword: GivenPassword, newPassword: NewPassword });
export type ChangePasswordInput = z.infer<typeof ChangePasswordInput>;

export const Session = z.object({
  id: Id,
  ip: z
    .string()
    .nullable()
    .meta({ examples: ['203.0.113.7'] }),
  userAgent: z
    .string()
    .nullable()
    .meta({ examples: ['Mozilla/5.0'] }),
  createdAt: z.date(),
  lastSeenAt: z.date(),
  expiresAt: z.date(),
  current: z.boolean(),
});
export type Session = z.infer<typeof Session>;

export const ListSessionsInput = PageInput;
export type ListSessionsInput = z.infer<typeof ListSessionsInput>;
export const SessionPage = pageOf(Session);

export const RevokeSessionInput = z.object({ sessionId: Id });
export type RevokeSessionInput = z.infer<typeof RevokeSessionInput>;

export const RevokedSessions = z.object({ revoked: z.int() });
export type RevokedSessions = z.infer<typeof RevokedSessions>;

export const SetActiveWorkspaceInput = z.object({ workspaceId: Id.nullable() });
export type SetActiveWorkspaceInput = z.infer<typeof SetActiveWorkspaceInput>;
