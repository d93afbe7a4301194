import type { User } from '@morket/contract/auth';
import { EmailTaken } from '@morket/contract/auth';
import { isUniqueViolation, type Reader, type Tx } from '@morket/db';

type UserRow = { readonly id: string; readonly email: string; readonly name: string; readonly createdAt: Date };

export const toUserDto = ({ id, email, name, createdAt }: UserRow): User => ({ id, email, name, createdAt });

/** `email` in its canonical form. */
export function findUserByEmail(reader: Reader, email: string) {
  return reader.user.findUnique({ where: { email } });
}

/** The caller's own row; a session always has a user. */
export function getUser(reader: Reader, userId: string) {
  return reader.user.findUniqueOrThrow({ where: { id: userId } });
}

/** Throws `auth.email_taken`. */
export async function insertUser(
  tx: Tx,
  user: { readonly id: string; readonly email: string; readonly name: string; readonly passwordHash: string },
) {
  const { id, email, name, passwordHash } = user;
  try {
    return await tx.user.create({ data: { id, email, name, passwordHash } });
  } catch (err) {
    throw isUniqueViolation(err) ? EmailTaken({}, err) : err;
  }
}

export function lockUser(tx: Tx, userId: string) {
  return tx.$queryRaw`select id from users where id = ${userId}::uuid for update`;
}

export function updateUser(tx: Tx, userId: string, data: { readonly name?: string; readonly passwordHash?: string }) {
  const { name, passwordHash } = data;
  return tx.user.update({
    where: { id: userId },
    data: {
      ...(name === undefined ? {} : { name }),
      ...(passwordHash === undefined ? {} : { passwordHash }),
      updatedAt: new Date(),
    },
  });
}

/** The person has shown that mail to their address reaches them. */
export async function markEmailVerified(tx: Tx, userId: string): Promise<void> {
  await tx.user.updateMany({ where: { id: userId, emailVerifiedAt: null }, data: { emailVerifiedAt: new Date() } });
}
