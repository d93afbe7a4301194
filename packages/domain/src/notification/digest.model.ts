import { NOTIFICATION_TYPES } from '@morket/contract/notification';
import { can } from '@morket/contract/permissions';
import type { Mail } from '../mail/index.ts';
import type { DigestItem } from './digest.repo.ts';

const MAX_ITEMS = 50;

const itemText = ({ title, body, createdAt }: DigestItem): string =>
  [`- ${title} (${createdAt.toUTCString()})`, ...(body === '' ? [] : [`  ${body}`])].join('\n');

/** The message that tells these things to their reader; null where nothing is left that their role may see. */
export function digestOf(items: readonly DigestItem[]): Mail | null {
  const visible = items.filter(({ type, role }) => can(role, NOTIFICATION_TYPES[type].permission));
  const [first] = visible;
  if (!first) return null;
  const { email, workspaceName } = first;
  const subject = visible.length === 1 ? first.title : `${visible.length} notifications`;
  const left = visible.length - MAX_ITEMS;
  const text = [
    ...visible.slice(0, MAX_ITEMS).map(itemText),
    ...(left > 0 ? [`And ${left} more: see your notifications.`] : []),
    'You get this because you are a member of this workspace. Change what you hear of, and how often, in your preferences.',
  ];
  return { to: email, subject: `${subject} – ${workspaceName}`, text: text.join('\n\n') };
}
