import { afterEach, expect, test } from 'vitest';
import { someAggregates, useEventLab } from '../../test/event-lab.ts';
import { createRetries } from './retries.ts';

const lab = useEventLab();
afterEach(() => lab.clear());

test('one event to be tried again does not wait behind many aggregates that are given up', async () => {
  const [healthy = ''] = someAggregates(1);
  const json = (id: string) => ({
    ...{ seq: '1', workspaceId: null, name: 'thing.happened', version: 1, payload: { n: 1 } },
    ...{ aggregateType: 'thing', aggregateId: id, actorId: null, impersonatorId: null, apiKeyId: null },
    ...{ requestId: null, traceparent: null, causationId: null, createdAt: new Date().toISOString() },
  });
  const events = JSON.stringify([...someAggregates(700), healthy].map(json));
  await lab.db.read.$executeRaw`
    insert into dead_letters (consumer, event_id, aggregate_type, aggregate_id, seq, name, event, attempts, error, retry_at)
    select 'picky', id, 'thing', e->>'aggregateId', place, 'thing.happened', e || jsonb_build_object('id', id), 2,
           case when place = 1 then 'Error: not now' end,
           case when e->>'aggregateId' = ${healthy} then now() - interval '1 second' when place = 2 then now() - interval '1 hour' end
      from jsonb_array_elements(${events}::jsonb) e, generate_series(1, 2) place, lateral (select md5(e::text || place)::uuid as id) ids
     where e->>'aggregateId' <> ${healthy} or place = 1`;
  await createRetries({ db: lab.db, log: lab.log, consumers: [lab.consumer('picky')] }).drain();
  expect(await lab.effects('picky')).toEqual([{ aggregate: healthy, n: 1 }]);
});
