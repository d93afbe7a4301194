import { FieldType } from '@morket/contract/form';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { submissionIdOf } from './form-key.ts';
import { settleSubmission } from './submission.model.ts';

const name = fc.string({ minLength: 1, maxLength: 20 });
const fields = fc.uniqueArray(
  fc.record({
    from: name,
    to: fc.stringMatching(/^[a-z][a-z0-9]{0,8}$/),
    type: fc.constantFrom(...FieldType.options),
    required: fc.boolean(),
  }),
  { maxLength: 5, selector: ({ to }) => to },
);
const rules = fc.record({ allowedOrigins: fc.constant([]), honeypot: fc.option(name), fields });
const body = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((text) => new Uint8Array(Buffer.from(text))),
  fc.dictionary(name, fc.string()).map((given) => new Uint8Array(Buffer.from(JSON.stringify(given)))),
);
const contentType = fc.constantFrom(null, 'application/json', 'application/x-www-form-urlencoded', 'text/plain');

/** Invariant: whatever is sent, it becomes something, the same each time, with fields exactly when it is accepted; and JSON can hold it. */
test('every body under every rules is settled, and alike each time', () => {
  fc.assert(
    fc.property(rules, body, contentType, fc.boolean(), (given, bytes, type, isCleared) => {
      const sent = { body: bytes, contentType: type, origin: null, isCleared };
      const settled = settleSubmission(given, sent);
      expect(settleSubmission(given, sent)).toEqual(settled);
      expect(settled.fields !== null).toBe(settled.state === 'accepted');
      expect(JSON.parse(JSON.stringify(settled))).toEqual(settled);
      if (settled.fields && given.fields.length > 0) {
        const targets = new Set(given.fields.map(({ to }) => to));
        expect(Object.keys(settled.fields).every((to) => targets.has(to))).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

/** Invariant: the id under a key is a UUID of version 8, the same for the same key, form and body, and another for any other. */
test('ids of submissions under keys', () => {
  const text = fc.string({ maxLength: 30 });
  const bytes = fc.uint8Array({ maxLength: 30 });
  fc.assert(
    fc.property(text, text, text, bytes, bytes, (form, key, other, sent, changed) => {
      const id = submissionIdOf(form, key, sent);
      expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      expect(submissionIdOf(form, key, sent)).toBe(id);
      if (other !== key) expect(submissionIdOf(form, other, sent)).not.toBe(id);
      if (Buffer.compare(sent, changed) !== 0) expect(submissionIdOf(form, key, changed)).not.toBe(id);
    }),
  );
});
