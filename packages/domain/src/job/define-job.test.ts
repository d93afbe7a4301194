import { expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob, defineSchedule, parsePayload } from './define-job.ts';

const payload = z.object({ runId: z.uuid() });

test('a kind has a name of two parts, and a share of a workspace no larger than that of a process', () => {
  expect(() => defineJob({ name: 'enrich', payload })).toThrow('domain.verb');
  expect(() => defineJob({ name: "x'; drop.table", payload })).toThrow('domain.verb');
  expect(defineJob({ name: 'enrichment.run', payload, concurrency: 1 })).toMatchObject({ perWorkspace: 1, retries: 3 });
});

test('a schedule has five fields, because seconds would make it fire twice', () => {
  expect(defineSchedule({ name: 'mail.digest', cron: '0 7 * * 1-5' })).toMatchObject({
    timeZone: 'UTC',
    concurrency: 1,
  });
  expect(() => defineSchedule({ name: 'mail.digest', cron: '30 0 7 * * 1-5' })).toThrow('five fields');
});

test('a payload of another form is refused by name, with the fields that are wrong', () => {
  const job = defineJob({ name: 'enrichment.run', payload });
  const parse = () => parsePayload(job, { runId: 'x' });
  expect(parse).toThrow('enrichment.run');
  try {
    parse();
  } catch (err) {
    expect(err).toMatchObject({ code: 'job.payload_invalid', details: { issues: [{ path: 'runId' }] } });
  }
});
