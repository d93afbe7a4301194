import { Forbidden, InternalError } from '@morket/contract/errors';
import { JobTimedOut } from '@morket/contract/job';
import { expect, test } from 'vitest';
import { GiveUp } from '../job/index.ts';
import { errorOfDeadLetter, publicErrorOf } from './public-error.ts';

const internal = { code: 'server.internal', message: InternalError({}).message };

test('a workspace reads what the catalogue says, also of one that gave up', () => {
  expect(publicErrorOf(Forbidden({}))).toEqual({ code: 'access.forbidden', message: 'You may not do this here.' });
  expect(publicErrorOf(new GiveUp(Forbidden({})))).toMatchObject({ code: 'access.forbidden' });
});

test('of anything else it reads only that something failed', () => {
  for (const err of [new Error('password=hunter2'), new GiveUp(new Error('hunter2')), 'hunter2', null, { code: 1 }]) {
    expect(publicErrorOf(err)).toEqual(internal);
  }
});

test('a dead letter says what our worker said last, or what pg-boss saw', () => {
  expect(errorOfDeadLetter({ code: 'job.timed_out', message: 'x' }, 9)).toEqual({
    code: 'job.timed_out',
    message: 'x',
  });
  expect(errorOfDeadLetter({ value: { message: 'job heartbeat timeout' } }, 9)).toMatchObject({
    code: 'job.interrupted',
  });
  const timedOut = { code: 'job.timed_out', message: JobTimedOut({ timeoutSeconds: 9 }).message };
  expect(errorOfDeadLetter({ value: { message: 'job timed out' } }, 9)).toEqual(timedOut);
  expect(errorOfDeadLetter(null, 9)).toEqual(timedOut);
  expect(errorOfDeadLetter(null, undefined), 'of a kind of another release').toMatchObject({ code: 'job.interrupted' });
});
