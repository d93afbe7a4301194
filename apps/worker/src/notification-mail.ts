import { createMail } from '@morket/api/mail';
import { createDigestMailer } from '@morket/domain/notification';
import type { WorkerDeps } from './compose.ts';
import type { Loop } from './loop.ts';
import { repeating } from './repeating.ts';

const EVERY_MS = 15_000;
/** How long messages may go on once the worker stops; one that is cut off is sent again, under its own id, when its lease is over. */
const GRACE_MS = 8_000;

/** Mails notifications that nobody has read in time. */
export function notificationMailLoop({ db, log, configuration }: WorkerDeps): Loop {
  const mail = createMail(configuration);
  const onFailure = (err: unknown, mailId: string) => log.warn({ err, mailId }, 'a notification was not mailed');
  const mailer = createDigestMailer({ db, mail, onFailure });
  const loop = repeating('notification mail', EVERY_MS, mailer.sweep, log);
  return {
    name: loop.name,
    start: () => {
      const { stop } = loop.start();
      return {
        stop: async () => {
          const cut = setTimeout(mail.close, GRACE_MS);
          await stop().finally(() => {
            clearTimeout(cut);
            mail.close();
          });
        },
      };
    },
  };
}
