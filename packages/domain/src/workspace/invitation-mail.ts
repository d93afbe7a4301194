import type { Db } from '@morket/db';
import { z } from 'zod';
import { defineJob, GiveUp, handleJob } from '../job/index.ts';
import { type MailPort, MailRefused } from '../mail/index.ts';
import * as repo from './invitation.repo.ts';
import { hashOfToken, invitationTokenOf } from './invitation-token.model.ts';

/** Mails an invitation. It is tried for about as long as the invitation is good. */
export const InvitationMail = defineJob({
  name: 'invitation.mail',
  payload: z.object({ invitationId: z.uuid() }),
  ...{ retries: 38, backoffSeconds: 10, maxBackoffSeconds: 6 * 3_600, timeoutSeconds: 90 },
});

/**
 * Sends the token of an invitation that is still open; of any other one nothing goes out. The token is made here: neither a job nor a row
 * holds one. Each attempt sends the same message under the same id. What the mail server refuses for good is not tried again.
 */
export const mailInvitation = (deps: { readonly db: Db; readonly mail: MailPort; readonly jwtSecret: string }) =>
  handleJob(InvitationMail, async ({ invitationId }, { workspaceId }) => {
    const { db, mail, jwtSecret } = deps;
    const invitation = await repo.findOpenToMail(db.read, { workspaceId, id: invitationId });
    if (!invitation) return;
    const { email, role, expiresAt, workspaceName, keySalt } = invitation;
    const token = invitationTokenOf({ jwtSecret, keySalt }, invitationId);
    if (!(await repo.setTokenHash(db.read, { workspaceId, id: invitationId }, hashOfToken(token)))) return;
    const text = [
      `You are invited to the workspace "${workspaceName}" as ${role}.`,
      `Sign in (or register) with ${email} and accept with this token, by ${expiresAt.toUTCString()}:`,
      token,
    ].join('\n\n');
    const subject = `You are invited to ${workspaceName} on Morket`;
    await mail.send({ to: email, subject, text, id: invitationId }).catch((err: unknown) => {
      throw err instanceof MailRefused ? new GiveUp(err) : err;
    });
  });
