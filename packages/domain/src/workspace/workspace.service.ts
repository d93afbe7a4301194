import { randomBytes } from 'node:crypto';
import type { SetActiveWorkspaceInput } from '@morket/contract/auth';
import { Forbidden } from '@morket/contract/errors';
import type { Page, PageInput } from '@morket/contract/primitives';
import {
  type CreateWorkspaceInput,
  MemberAdded,
  RESERVED_SLUGS,
  type UpdateWorkspaceInput,
  type Workspace,
  WorkspaceCreated,
  WorkspaceDeleted,
  WorkspaceUpdated,
} from '@morket/contract/workspace';
import type { Db, Tx } from '@morket/db';
import type { Acting, UserScope, WorkspaceScope } from '../access/index.ts';
import type { SessionService } from '../auth/index.ts';
import type { BillingService } from '../billing/index.ts';
import { once } from '../idempotency/index.ts';
import { newId } from '../ids/index.ts';
import { record } from '../record/index.ts';
import * as members from './member.repo.ts';
import { lockRoster } from './roster.ts';
import { slugOf } from './slug.model.ts';
import * as repo from './workspace.repo.ts';

type Deps = {
  readonly db: Db;
  readonly billing: Pick<BillingService, 'openAccountIn' | 'closeAccountIn'>;
  readonly sessions: Pick<SessionService, 'setActiveWorkspaceIn'>;
};

const SALT_BYTES = 32;
const SUFFIX_BYTES = 3;

const withEnding = (slug: string) => `${slug}-${randomBytes(SUFFIX_BYTES).toString('hex')}`;

/** Workspaces: create, list, rename, delete, choose. */
export function createWorkspaceService({ db, billing, sessions }: Deps) {
  /** Takes the plain slug if it is free, else one with a random ending. */
  async function insertUnderFreeSlug(tx: Tx, id: string, name: string): Promise<repo.WorkspaceRow> {
    const keySalt = new Uint8Array(randomBytes(SALT_BYTES));
    const plain = slugOf(name);
    const first = RESERVED_SLUGS.has(plain) ? withEnding(plain) : plain;
    for (let slug = first; ; slug = withEnding(plain)) {
      const row = await repo.insertWorkspace(tx, { id, name, slug, keySalt });
      if (row) return row;
    }
  }

  /** Makes a workspace with the caller as its owner and an empty billing account. */
  async function create(scope: UserScope, { name }: CreateWorkspaceInput): Promise<Workspace> {
    return once(db, scope, async (tx) => {
      const row = await insertUnderFreeSlug(tx, newId(), name);
      const acting: Acting = { ...scope, workspaceId: row.id };
      await members.insertMember(tx, row.id, { userId: scope.actorId, role: 'owner' });
      await billing.openAccountIn(tx, row.id);
      await record(tx, acting, WorkspaceCreated(row.id, { name, slug: row.slug, ownerId: scope.actorId }));
      await record(tx, acting, MemberAdded(row.id, { userId: scope.actorId, role: 'owner' }));
      return repo.toWorkspaceDto(row, 'owner');
    });
  }

  /** Exactly the workspaces the caller is a member of. */
  async function list(scope: UserScope, input: PageInput): Promise<Page<Workspace>> {
    const { items, total } = await repo.listWorkspaces(db.read, scope, input);
    return { items, page: input.page, limit: input.limit, total };
  }

  async function get(scope: WorkspaceScope): Promise<Workspace> {
    const row = await repo.findWorkspace(db.points, scope);
    if (!row) throw Forbidden({});
    return repo.toWorkspaceDto(row, scope.role);
  }

  /** Renames; the slug stays, because links hold it. */
  async function update(scope: WorkspaceScope, { name }: UpdateWorkspaceInput): Promise<Workspace> {
    return once(db, scope, async (tx) => {
      const { workspace: before } = await lockRoster(tx, scope, 'workspace:update');
      const after = await repo.renameWorkspace(tx, scope, name);
      await record(tx, scope, WorkspaceUpdated(scope.workspaceId, { name }), {
        before: { name: before.name },
        after: { name: after.name },
      });
      return repo.toWorkspaceDto(after, scope.role);
    });
  }

  /** Closes the workspace to everyone. Its ledger and audit log stay. */
  async function remove(scope: WorkspaceScope): Promise<null> {
    return once(db, scope, async (tx) => {
      await lockRoster(tx, scope, 'workspace:delete');
      await repo.markDeleted(tx, scope);
      await billing.closeAccountIn(tx, scope);
      await record(tx, scope, WorkspaceDeleted(scope.workspaceId, {}));
      return null;
    });
  }

  /** The workspace that calls of this session mean when they name none; null for none. Throws `access.forbidden`. */
  async function setActive(scope: UserScope, { workspaceId }: SetActiveWorkspaceInput): Promise<null> {
    // no record: a preference of one session.
    return once(db, scope, async (tx) => {
      if (workspaceId !== null) {
        const role = await members.findRole(tx, workspaceId, scope.actorId);
        if (!role || !(await repo.lockWorkspace(tx, workspaceId))) throw Forbidden({});
      }
      await sessions.setActiveWorkspaceIn(tx, scope, workspaceId);
      return null;
    });
  }

  return { create, list, get, update, delete: remove, setActive };
}

export type WorkspaceService = ReturnType<typeof createWorkspaceService>;
