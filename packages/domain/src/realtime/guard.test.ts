import { Unauthenticated } from '@morket/contract/errors';
import type { Permission } from '@morket/contract/permissions';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createGuard, type Listening } from './guard.ts';
import type { News } from './realtime.repo.ts';
import { createSeat } from './seat.ts';

beforeEach(() => void vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => void vi.useRealTimers());

const ME = 'me';
const seatOf = () => createSeat({ principal: ME, workspaceId: 'w', userId: ME, sessionId: 's' }, 10);
const newsOf = (name: string, entity: string, userId: string | null = null): News => ({
  ...{ workspaceId: 'w', name, entity, entityId: 'e', seq: 1, actorId: null, userId, at: '2030-01-01T00:00:00Z' },
});
const debited = newsOf('billing.debited', 'billing_account');

function asking(granted: readonly Permission[], sessionId: string | null = 's') {
  const listening = {
    scope: { actorId: ME, sessionId },
    may: async (permission: Permission) => granted.includes(permission),
  } as unknown as Listening; // a scope is made by the access step alone; these two fields are read
  return vi.fn(async () => listening);
}

test('access is asked for once, then again every half minute', async () => {
  const reauthorize = asking(['billing:read']);
  const guard = createGuard(seatOf(), { reauthorize });
  const admit = () => guard.admit([debited], (news) => news);
  expect(await admit()).toEqual([debited]);
  vi.advanceTimersByTime(29_999);
  await admit();
  expect(reauthorize).toHaveBeenCalledTimes(1);
  expect(guard.msLeft()).toBe(1);
  vi.advanceTimersByTime(1);
  await admit();
  expect(reauthorize).toHaveBeenCalledTimes(2);
});

test('and as soon as it may have changed', async () => {
  const seat = seatOf();
  const reauthorize = asking([]);
  const guard = createGuard(seat, { reauthorize });
  await guard.admit([], (news: News) => news);
  seat.isDoubted = true;
  await guard.admit([], (news: News) => news);
  expect(reauthorize).toHaveBeenCalledTimes(2);
  reauthorize.mockRejectedValueOnce(Unauthenticated({ reason: 'revoked' }));
  seat.isDoubted = true;
  await expect(guard.admit([debited], (news) => news)).rejects.toMatchObject({ details: { reason: 'revoked' } });
});

test('and when the token ends, with the time by which clocks may differ', async () => {
  const reauthorize = asking([]);
  const guard = createGuard(seatOf(), { reauthorize, expiresAtMs: 1_010_000 });
  await guard.admit([], (news: News) => news);
  expect(guard.msLeft()).toBe(15_500);
  vi.advanceTimersByTime(15_500);
  await guard.admit([], (news: News) => news);
  expect(reauthorize).toHaveBeenCalledTimes(2);
  // Its end lies behind: what takes it still is asked again in half a minute, not at once.
  expect(guard.msLeft()).toBe(30_000);
});

test('each event is heard by whoever may read what it is about', async () => {
  const all = [
    debited,
    newsOf('workspace.invitation_created', 'workspace'),
    newsOf('notification.created', 'notification', ME),
    newsOf('notification.created', 'notification', 'another'),
    newsOf('novelty.made', 'novelty'),
  ];
  const heardBy = async (...asked: Parameters<typeof asking>) =>
    (await createGuard(seatOf(), { reauthorize: asking(...asked) }).admit(all, (news) => news)).map((news) =>
      all.indexOf(news),
    );
  expect(await heardBy(['billing:read'])).toEqual([0, 2]);
  expect(await heardBy(['invitation:manage'])).toEqual([1, 2]);
  // A key is not the person who made it.
  expect(await heardBy(['billing:read'], null)).toEqual([0]);
});
