import type { CreateFormInput } from '@morket/contract/form';
import { FormNotFound, SubmissionNotFound } from '@morket/contract/form';
import { sweepSubmissions } from '@morket/domain/form';
import { anOrigin, aTenant, type Tenant, useWorld } from '@morket/testing';
import { beforeEach, describe, expect, test } from 'vitest';

const world = useWorld();
let tenant: Tenant;
beforeEach(async () => {
  tenant = await aTenant(world);
});

const MAIL = { from: 'mail', to: 'email', type: 'email', required: true } as const;

async function aForm(more: Partial<CreateFormInput> = {}, of: Tenant = tenant) {
  const input = { name: 'Demo', allowedOrigins: [], honeypot: null, fields: [MAIL], ...more };
  const { form, key } = await world.services.forms.create(of.scope, input);
  return { form, key: key ?? '' };
}

async function send(formKey: string, body: string | Uint8Array, idempotencyKey: string | null = null) {
  const post = {
    ...{ formKey, idempotencyKey, origin: null, contentType: 'application/x-www-form-urlencoded' },
    body: typeof body === 'string' ? Buffer.from(body) : body,
  };
  return (await world.formReceiver.receive(post, anOrigin())).id;
}

const get = (submissionId: string) => world.services.submissions.get(tenant.scope, { submissionId });
const inbox = async (formId: string) =>
  (await world.services.submissions.list(tenant.scope, { page: 1, limit: 100, formId })).items;

async function eventsOf(id: string) {
  const rows = await world.db.read.outboxEvent.findMany({ where: { aggregateId: id }, orderBy: { seq: 'asc' } });
  return rows.map(({ name, payload }) => ({ name, payload }));
}

describe('what is sent', () => {
  test('is stored byte for byte before anybody reads it, then read by the field map', async () => {
    const { form, key } = await aForm();
    const id = await send(key, 'mail=Ada%40Example.com&x=1');
    expect(await get(id)).toMatchObject({ state: 'received', body: 'mail=Ada%40Example.com&x=1', fields: null });
    await world.deliverEvents();
    expect(await get(id)).toMatchObject({ state: 'accepted', fields: { email: 'ada@example.com' }, problems: [] });
    expect(await eventsOf(id)).toEqual([
      { name: 'form.submission_received', payload: { formId: form.id } },
      { name: 'form.submission_accepted', payload: { formId: form.id, fields: { email: 'ada@example.com' } } },
    ]);
  });

  test('may be bytes that are no text at all', async () => {
    const { key } = await aForm();
    const id = await send(key, new Uint8Array([0, 255, 254, 0]));
    await world.deliverEvents();
    expect(await get(id)).toMatchObject({ state: 'invalid', problems: [{ problem: 'the body cannot be read' }] });
  });

  test('again under its idempotency key is stored once, also when all come at once', async () => {
    const { form, key } = await aForm();
    const ids = await Promise.all(Array.from({ length: 8 }, () => send(key, 'mail=a%40example.com', 'order-4711')));
    expect(new Set(ids).size).toBe(1);
    expect(await send(key, 'mail=a%40example.com', 'order-4712')).not.toBe(ids[0]);
    await world.deliverEvents();
    expect(await inbox(form.id)).toHaveLength(2);
    // Nothing is lost to a page that always sends the same key.
    await send(key, 'mail=b%40example.com', 'order-4711');
    expect(await inbox(form.id)).toHaveLength(3);
    expect(await eventsOf(ids[0] ?? '')).toHaveLength(2);
  });

  test.each([
    ['an unknown key', async () => `mf_${'x'.repeat(43)}`],
    ['what is no key', async () => "mf_'; drop table forms"],
    [
      'a form that takes nothing any more',
      async () => {
        const { form, key } = await aForm();
        await world.services.forms.update(tenant.scope, { formId: form.id, active: false });
        return key;
      },
    ],
    [
      'a key that was rotated',
      async () => {
        const { form, key } = await aForm();
        await world.services.forms.rotateKey(tenant.scope, { formId: form.id });
        return key;
      },
    ],
    [
      'a form of a workspace that was deleted',
      async () => {
        const gone = await aTenant(world);
        const { key } = await aForm({}, gone);
        await world.services.workspaces.delete(gone.scope);
        return key;
      },
    ],
  ])('to %s is answered like any other, and kept nowhere', async (_, keyOf) => {
    const key = await keyOf();
    const before = await world.db.read.formSubmission.count();
    expect(await send(key, 'mail=a%40example.com')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await send(key, 'other', 'same-key')).toBe(await send(key, 'other', 'same-key'));
    expect(await world.db.read.formSubmission.count()).toBe(before);
  });
});

describe('the inbox', () => {
  test('reads again after the field map was mended', async () => {
    const { form, key } = await aForm();
    const id = await send(key, 'e=ada%40example.com');
    await world.deliverEvents();
    expect(await get(id)).toMatchObject({ state: 'invalid', problems: [{ field: 'mail', problem: 'is missing' }] });

    await world.services.forms.update(tenant.scope, { formId: form.id, fields: [{ ...MAIL, from: 'e' }] });
    expect(await world.services.submissions.replay(tenant.scope, { submissionId: id })).toMatchObject({
      state: 'received',
    });
    await world.deliverEvents();
    expect(await get(id)).toMatchObject({ state: 'accepted', fields: { email: 'ada@example.com' }, problems: [] });
  });

  test('lets spam pass where somebody says so, and tells it once however often they say it', async () => {
    const { key } = await aForm({ honeypot: 'website' });
    const id = await send(key, 'mail=a%40example.com&website=x');
    await world.deliverEvents();
    expect(await get(id)).toMatchObject({ state: 'spam', fields: null });
    for (let time = 0; time < 2; time += 1) await world.services.submissions.replay(tenant.scope, { submissionId: id });
    await world.deliverEvents();
    expect((await get(id)).state).toBe('accepted');
    expect((await eventsOf(id)).map(({ name }) => name)).toEqual([
      'form.submission_received',
      'form.submission_rejected',
      'form.submission_received',
      'form.submission_accepted',
    ]);
  });

  test('can be filtered by form and state', async () => {
    const { form, key } = await aForm();
    await send(key, 'mail=no');
    await send(key, 'mail=a%40example.com');
    await world.deliverEvents();
    const list = (state: 'accepted' | 'invalid' | 'spam') =>
      world.services.submissions.list(tenant.scope, { page: 1, limit: 10, formId: form.id, state });
    expect([await list('accepted'), await list('invalid'), await list('spam')].map(({ total }) => total)).toEqual([
      1, 1, 0,
    ]);
  });

  test('forgets one submission, or all with their form', async () => {
    const { form, key } = await aForm();
    const [first = '', second = ''] = [await send(key, 'mail=a%40example.com'), await send(key, 'mail=no')];
    await world.services.submissions.delete(tenant.scope, { submissionId: first });
    // Whatever waits for it finds nothing and goes on.
    await world.deliverEvents();
    expect((await inbox(form.id)).map(({ id }) => id)).toEqual([second]);
    await world.services.forms.delete(tenant.scope, { formId: form.id });
    await expect(get(second)).rejects.toSatisfy(SubmissionNotFound.is);
  });

  test('is nobody else’s', async () => {
    const { form, key } = await aForm();
    const id = await send(key, 'mail=a%40example.com');
    const other = await aTenant(world);
    const { forms, submissions } = world.services;
    for (const verb of [submissions.get, submissions.replay, submissions.delete]) {
      await expect(verb(other.scope, { submissionId: id })).rejects.toSatisfy(SubmissionNotFound.is);
    }
    for (const verb of [forms.get, forms.rotateKey, forms.delete]) {
      await expect(verb(other.scope, { formId: form.id })).rejects.toSatisfy(FormNotFound.is);
    }
    await expect(forms.update(other.scope, { formId: form.id })).rejects.toSatisfy(FormNotFound.is);
  });
});

test('what people wrote stands in the inbox alone, not in the audit log', async () => {
  const { key } = await aForm({ fields: [] });
  const id = await send(key, 'password=open-sesame&note=private');
  await world.deliverEvents();
  expect((await get(id)).fields).toEqual({ password: 'open-sesame', note: 'private' });
  const audit = await world.db.read.auditEntry.findMany({ where: { entityId: id }, orderBy: { createdAt: 'asc' } });
  expect(audit.map(({ action }) => action)).toEqual(['form.submission_received', 'form.submission_accepted']);
  expect(JSON.stringify(audit)).not.toMatch(/open-sesame|private/);
});

test('what was never accepted is deleted after 30 days, the rest stays', async () => {
  const { form, key } = await aForm({ honeypot: 'trap' });
  for (const body of ['mail=no', 'trap=x', 'mail=a%40example.com']) await send(key, body);
  await world.deliverEvents();
  const age = (interval: string) => world.db.read.$executeRaw`
    update form_submissions set received_at = now() - ${interval}::interval where form_id = ${form.id}::uuid`;
  await age('29 days');
  await sweepSubmissions(world.db);
  expect(await inbox(form.id)).toHaveLength(3);
  await age('31 days');
  expect(await sweepSubmissions(world.db)).toBe(2);
  expect((await inbox(form.id)).map(({ state }) => state)).toEqual(['accepted']);
});

test('a form that is deleted while something comes in answers as ever', async () => {
  for (let round = 0; round < 10; round += 1) {
    const { form, key } = await aForm();
    const answers = await Promise.allSettled([
      ...Array.from({ length: 4 }, (_, n) => send(key, `mail=${n}%40example.com`)),
      world.services.forms.delete({ ...tenant.scope, origin: anOrigin() }, { formId: form.id }),
    ]);
    expect(answers.filter(({ status }) => status === 'rejected')).toEqual([]);
  }
});

test('a key stands in no row, and no audit entry', async () => {
  const { form, key } = await aForm();
  const rows = await world.db.read.form.findMany({ where: { id: form.id } });
  const audit = await world.db.read.auditEntry.findMany({ where: { entityId: form.id } });
  expect(audit).toHaveLength(1);
  expect(JSON.stringify([rows, audit])).not.toContain(key.slice(8));
});
