import { aPerson, useWorld } from '@morket/testing';
import { send } from '@morket/testing/http';
import { expect, test } from 'vitest';

const world = useWorld({ env: { RATE_LIMIT_AUTH_PER_MINUTE: '5' } });

test('429: the sixth proof of a password in a minute, so that a stolen token is no way to guess it', async () => {
  const person = await aPerson(world);
  const guess = () =>
    send(
      world,
      {
        method: 'PUT',
        url: '/api/v1/auth/password',
        payload: { currentPassword: 'a guess', newPassword: 'another one 7' },
      },
      { token: person.accessToken },
    );
  for (let call = 1; call <= 5; call += 1) expect((await guess()).code).toBe('auth.current_password_wrong');
  const refused = await guess();
  expect([refused.status, refused.code]).toEqual([429, 'request.rate_limited']);
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  const me = await send(world, { method: 'GET', url: '/api/v1/auth/me' }, { token: person.accessToken });
  expect(me.status).toBe(200);
});
