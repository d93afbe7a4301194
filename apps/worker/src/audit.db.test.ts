import { aTenant, useWorld } from '@morket/testing';
import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { auditLoops } from './audit.ts';

const world = useWorld();

test('a worker chains what is committed, and stops when it is told to', async () => {
  const log = pino({ level: 'silent' });
  const tenant = await aTenant(world, { credits: 5 });
  // Two workers at once.
  const running = [...auditLoops({ db: world.db, log }), ...auditLoops({ db: world.db, log })].map((loop) =>
    loop.start(),
  );
  await vi.waitFor(
    async () =>
      expect(await world.services.auditVerifier.verify(tenant.scope)).toMatchObject({
        intact: true,
        entries: 3,
        waiting: 0,
      }),
    { timeout: 20_000, interval: 100 },
  );
  await Promise.all(running.map((loop) => loop.stop()));
  await aTenant(world);
  const linked = () => world.db.read.auditLink.count();
  expect(await linked()).toBe(3);
});
