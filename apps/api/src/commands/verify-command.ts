import { migrate } from '@morket/db/migrations';
import { type CommandSession, runCommand, UsageError } from './session.ts';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Writes one line of a command's answer. */
export const print = (line: string) => void process.stdout.write(`${line}\n`);

type Verifier<Report> = {
  verifyAll(): AsyncIterable<Report>;
  verifyWorkspace(workspaceId: string): Promise<Report | null>;
};

/** Runs `verify [workspace]`: a report for each workspace, or for one. The exit code is 1 where one diverges, 2 for another call. */
export async function runVerifyCommand<Report extends { readonly divergence: unknown }>(command: {
  readonly usage: string;
  /** What is verified, as the last line counts it. */
  readonly noun: string;
  readonly heading: string;
  verifierOf(session: CommandSession): Verifier<Report>;
  printReport(report: Report): void;
}): Promise<void> {
  const { usage, noun, heading, verifierOf, printReport } = command;

  async function verify(session: CommandSession, workspaceId: string | undefined): Promise<void> {
    const verifier = verifierOf(session);
    let taken = 0;
    let diverging = 0;
    const take = (report: Report) => {
      if (taken === 0) print(heading);
      printReport(report);
      taken += 1;
      if (report.divergence) diverging += 1;
    };
    if (workspaceId === undefined) for await (const report of verifier.verifyAll()) take(report);
    else {
      const report = await verifier.verifyWorkspace(workspaceId.toLowerCase());
      if (!report) throw new UsageError(`There is no workspace ${workspaceId}.`);
      take(report);
    }
    print(`${taken} ${noun}, ${diverging} diverge.`);
    if (diverging > 0) process.exitCode = 1;
  }

  await runCommand(async (session) => {
    const [name, ...args] = process.argv.slice(2);
    const isCall = name === 'verify' && args.length <= 1 && (args[0] === undefined || UUID.test(args[0]));
    if (!isCall) throw new UsageError(usage);
    await migrate({ databaseUrl: session.databaseUrl });
    await verify(session, args[0]);
  });
}
