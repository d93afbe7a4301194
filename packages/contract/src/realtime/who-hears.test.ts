import { expect, test } from 'vitest';
import { EVENTS } from '../catalogue/index.ts';
import { can, Role } from '../permissions/index.ts';
import { ACCESS_EVENTS, isHearingDecided, whoHears } from './who-hears.ts';

test('for every event of the catalogue it is decided who hears of it', () => {
  const undecided = EVENTS.filter(({ eventName, aggregateType }) => !isHearingDecided(eventName, aggregateType));
  expect(undecided.map(({ eventName, aggregateType }) => `${eventName} (${aggregateType})`)).toEqual([]);
});

test('nobody hears of what no rule names, not even under the name of something every object has', () => {
  expect(whoHears('deal.won', 'deal')).toBe('nobody');
  expect(whoHears('constructor', 'toString')).toBe('nobody');
});

test('what is for one person only they hear, so it carries their id', () => {
  expect(whoHears('notification.created', 'notification')).toBe('recipient');
  const personal = EVENTS.filter(({ eventName, aggregateType }) => whoHears(eventName, aggregateType) === 'recipient');
  for (const { payload } of personal) expect(Object.keys(payload.shape)).toContain('userId');
});

test('a viewer hears of members and credits, not of invitations or keys', () => {
  const heardBy = (role: Role) =>
    EVENTS.filter(({ eventName, aggregateType }) => {
      const hearing = whoHears(eventName, aggregateType);
      return typeof hearing === 'object' && can(role, hearing.permission);
    }).map(({ eventName }): string => eventName);
  const viewer = heardBy('viewer');
  expect(viewer).toEqual(expect.arrayContaining(['workspace.member_added', 'billing.debited', 'credential.stored']));
  expect(viewer).not.toContain('workspace.invitation_created');
  expect(viewer).not.toContain('api_key.created');
  expect(heardBy('owner')).toEqual(expect.arrayContaining(viewer));
  expect(heardBy('support')).not.toContain('credential.stored');
  for (const role of Role.options) expect(heardBy(role)).not.toContain('auth.signed_in');
});

test('every event that may end somebody’s access is one of the catalogue', () => {
  const names = EVENTS.map(({ eventName }): string => eventName);
  expect(names).toEqual(expect.arrayContaining([...ACCESS_EVENTS]));
});
