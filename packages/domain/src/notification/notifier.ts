import { can } from '@morket/contract/permissions';
import { defineConsumer } from '../events/index.ts';
import { newId } from '../ids/index.ts';
import * as repo from './notification.repo.ts';
import { NEWS_EVENTS, newsOf } from './notification.rules.ts';
import { channelsOf } from './preference.repo.ts';

/** Tells the people whom an event concerns, but for the one who did it. */
export const notifier = defineConsumer({
  name: 'notifier',
  events: NEWS_EVENTS,
  handle: async (tx, event) => {
    const { workspaceId, actorId } = event;
    const news = newsOf(event);
    if (workspaceId === null || !news) return;
    const concerned = (await repo.listRecipients(tx, workspaceId, news.userId)).filter(
      ({ userId, role }) => userId !== actorId && can(role, news.permission),
    );
    if (concerned.length === 0) return;
    const userIds = concerned.map(({ userId }) => userId);
    const channels = await channelsOf(tx, { workspaceId, userIds, type: news.type });
    const addressed = userIds
      .map((userId) => ({ id: newId(), userId, isInApp: channels(userId).inApp, byMail: channels(userId).email }))
      .filter(({ isInApp, byMail }) => isInApp || byMail);
    await repo.insertNews(tx, { ...event, workspaceId }, news, addressed);
  },
});
