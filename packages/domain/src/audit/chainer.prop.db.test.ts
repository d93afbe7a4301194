import fc from 'fast-check';
import { expect, test } from 'vitest';
import { eventually, insertEntry, useAuditLab, withClients } from '../../test/audit-lab.ts';
import { createAuditChainer } from './chainer.ts';
import { createAuditVerifier } from './verifier.ts';

const lab = useAuditLab();
const WRITERS = 3;

const step = fc.record({
  writer: fc.nat({ max: WRITERS - 1 }),
  does: fc.constantFrom('write', 'write', 'commit', 'rollback', 'chain'),
  workspace: fc.nat({ max: 1 }),
});

/**
 * Invariant: however transactions overlap and wherever the chain is extended meanwhile, it holds exactly the committed entries, each once,
 * in the order of their transactions, never one that is still open; and it proves itself at every step.
 */
test('the chain is the committed entries, however transactions interleave', async () => {
  const chainer = createAuditChainer({ db: lab.db, batch: 2 });
  const verifier = createAuditVerifier({ db: lab.db });
  await withClients(lab.url, WRITERS, async (writers) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 16 }), async (steps) => {
        const workspaces = [await lab.aWorkspace(), await lab.aWorkspace()];
        const [open, committed] = [writers.map((): string[] => []), new Set<string>()];
        const end = async (index: number, how: 'commit' | 'rollback') => {
          if (open[index]?.length === 0) return;
          await writers[index]?.query(how);
          for (const id of open[index]?.splice(0) ?? []) if (how === 'commit') committed.add(id);
        };
        const proves = async () => {
          for (const workspaceId of workspaces) {
            expect(await verifier.verifyWorkspace(workspaceId)).toMatchObject({ intact: true });
            for (const id of await lab.linked(workspaceId)) expect(committed).toContain(id);
          }
        };
        for (const { writer, does, workspace } of steps) {
          const client = writers[writer];
          if (!client) throw new Error('There is a client for each writer.');
          if (does === 'chain') {
            await chainer.run();
            await proves();
          } else if (does === 'write') {
            if (open[writer]?.length === 0) await client.query('begin');
            open[writer]?.push(await insertEntry(client, workspaces[workspace] ?? ''));
          } else await end(writer, does);
        }
        for (const index of writers.keys()) await end(index, 'commit');
        await eventually(async () => {
          await chainer.run();
          const linked = [...(await lab.linked(workspaces[0] ?? '')), ...(await lab.linked(workspaces[1] ?? ''))];
          expect(linked.sort()).toEqual([...committed].sort());
        });
        for (const workspaceId of workspaces)
          expect(await lab.linked(workspaceId)).toEqual(await lab.entriesOf(workspaceId));
        await proves();
      }),
      { numRuns: 100 },
    );
  });
}, 120_000);
