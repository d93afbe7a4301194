import { z } from 'zod';
import { Id, Instant, text } from '../primitives/index.ts';

/** Somebody as they are called today; null where the account is gone. */
export const AuditPerson = z.object({
  id: Id,
  name: z
    .string()
    .nullable()
    .meta({ examples: ['Grace Hopper'] }),
  email: z
    .string()
    .nullable()
    .meta({ examples: ['grace@example.com'] }),
});
export type AuditPerson = z.infer<typeof AuditPerson>;

const AuditKey = z.object({
  id: Id,
  name: z
    .string()
    .nullable()
    .meta({ examples: ['Nightly import'] }),
});

const fieldsLike = (example: Readonly<Record<string, unknown>>) =>
  z.record(z.string(), z.unknown()).meta({ examples: [example] });

/** What one change did, or who read what. `actor` is null where Morket acted by itself; secrets stand as `[redacted]`. */
export const AuditEntry = z.object({
  id: Id,
  createdAt: z.date(),
  action: z.string().meta({ examples: ['workspace.member_role_changed'] }),
  entityType: z.string().meta({ examples: ['workspace'] }),
  entityId: z.string().meta({ examples: ['019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40'] }),
  actor: AuditPerson.nullable(),
  /** Who acted in the name of `actor`. */
  impersonator: AuditPerson.nullable(),
  /** The key that acted in the name of `actor`. */
  apiKey: AuditKey.nullable(),
  requestId: Id.nullable(),
  /** The changed fields as they were; empty for what is new. */
  before: fieldsLike({ role: 'viewer' }),
  after: fieldsLike({ role: 'manager' }),
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** Where a walk goes on: what the page before gave as `nextCursor`. */
const AuditCursor = text(60)
  .regex(/^\d{1,15}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  .meta({ examples: ['1763721000000.019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40'] });

const NextCursor = z
  .string()
  .nullable()
  .meta({ examples: ['1763721000000.019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40'] });

/** `action` is one action, or all of a domain: `billing.*`. `from` is the first instant that counts, `to` the first that does not. */
const filters = {
  actorId: Id.optional(),
  apiKeyId: Id.optional(),
  action: text(100)
    .regex(/^\w+(\.\w+)*(\.\*)?$/)
    .optional()
    .meta({ examples: ['billing.*'] }),
  entityType: text(100)
    .min(1)
    .optional()
    .meta({ examples: ['workspace'] }),
  entityId: text(200)
    .min(1)
    .optional()
    .meta({ examples: ['019aa2c4-7d0e-7cc3-98a5-3f6b8e1d2a40'] }),
  from: Instant.optional().meta({ examples: ['2026-11-01T00:00:00Z'] }),
  to: Instant.optional().meta({ examples: ['2026-12-01T00:00:00Z'] }),
  cursor: AuditCursor.optional(),
};

const MAX_LISTED = 200;
const MAX_EXPORTED = 5_000;

/** Newest first. */
export const ListAuditInput = z.object({ ...filters, limit: z.int().min(1).max(MAX_LISTED).default(50) }).prefault({});
export type ListAuditInput = z.infer<typeof ListAuditInput>;

/** `nextCursor` is null on the last page. */
export const AuditSlice = z.object({ items: z.array(AuditEntry).max(MAX_LISTED), nextCursor: NextCursor });
export type AuditSlice = z.infer<typeof AuditSlice>;

/** Newest first. The heading of a CSV comes with the first part alone, so that parts can be put together. */
export const ExportAuditInput = z.object({
  ...filters,
  format: z.enum(['csv', 'json']).meta({ examples: ['csv'] }),
  limit: z.int().min(1).max(MAX_EXPORTED).default(1_000),
});
export type ExportAuditInput = z.infer<typeof ExportAuditInput>;

/** A part of the log as a file's text; go on with `nextCursor` until it is null. */
export const AuditExport = z.object({
  mediaType: z.enum(['text/csv', 'application/json']),
  content: z.string().meta({ examples: ['createdAt,action,…\r\n'] }),
  entries: z.int().meta({ examples: [1_000] }),
  nextCursor: NextCursor,
});
export type AuditExport = z.infer<typeof AuditExport>;

/** Where the log first is not what was written; `entryId` when one entry is to blame. */
export const AuditDivergence = z.object({
  check: z.enum(['sequence', 'missing', 'hash', 'head', 'inserted']),
  message: z.string().meta({ examples: ['entry 7 is not what was written, or an entry before it is not'] }),
  entryId: Id.nullable(),
});
export type AuditDivergence = z.infer<typeof AuditDivergence>;

/**
 * `entries` have their place in the chain, `waiting` are newer than that, and `prunedEntries` are older than the plan keeps them. `headHash`
 * stands for the whole history: keep it elsewhere, and nothing behind it can be changed unseen.
 */
export const AuditVerification = z.object({
  workspaceId: Id,
  intact: z.boolean(),
  entries: z.int().meta({ examples: [128] }),
  waiting: z.int().meta({ examples: [0] }),
  prunedEntries: z.int().meta({ examples: [0] }),
  headHash: z
    .string()
    .nullable()
    .meta({ examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'] }),
  divergence: AuditDivergence.nullable(),
});
export type AuditVerification = z.infer<typeof AuditVerification>;
