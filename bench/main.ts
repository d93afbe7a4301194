/** `npm run bench`: every suite beside its peers in one run; see docs/performance.md. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { type Options, parseOptions, USAGE } from './options.ts';
import { installPeers } from './process/install-peers.ts';
import { renderSection, replaceSection } from './report/docs-section.ts';
import { type SuiteName, summaryOf } from './report/finding.ts';
import { flawOf, type Results } from './report/results.ts';
import { textTable } from './report/table.ts';
import type { Plan, Run, SuiteResult } from './run.ts';

const LATEST = new URL('results/latest.json', import.meta.url);
const PUBLISHED = new URL('results/published.json', import.meta.url);
const DOCUMENT = new URL('../docs/performance.md', import.meta.url);

const INTERRUPTED = 130;

const PLANS: Readonly<Record<'whole' | 'short', Plan>> = {
  whole: { rounds: 5, warmUpMs: 1_000, durationMs: 2_000 },
  short: { rounds: 1, warmUpMs: 300, durationMs: 700 },
};

/** Loaded when asked for: the one needs peers that the other does not. */
const SUITES: Readonly<Record<SuiteName, (run: Run) => Promise<SuiteResult>>> = {
  transport: async (run) => {
    await installPeers();
    const { runTransport } = await import('./transport/suite.ts');
    return runTransport(run);
  },
  ledger: async (run) => {
    const { runLedger } = await import('./ledger/suite.ts');
    return runLedger(run);
  },
  events: async (run) => {
    const { runEvents } = await import('./events/suite.ts');
    return runEvents(run);
  },
  webhooks: async (run) => {
    const { runWebhooks } = await import('./webhooks/suite.ts');
    return runWebhooks(run);
  },
  jobs: async (run) => {
    const { runJobs } = await import('./jobs/suite.ts');
    return runJobs(run);
  },
  realtime: async (run) => {
    const { runRealtime } = await import('./realtime/suite.ts');
    return runRealtime(run);
  },
};

const options = parseOptions(process.argv.slice(2));
if (!options) {
  console.error(USAGE);
  process.exitCode = 2;
} else {
  await (options.writeDocs ? publish() : measure(options)).catch((err: unknown) => {
    console.error(err);
    process.exitCode = 1;
  });
}

async function measure({ suites, short }: Options): Promise<void> {
  const startedAt = new Date().toISOString();
  const results: SuiteResult[] = [];
  for (const suite of suites) results.push(await runSuite(suite, short ? PLANS.short : PLANS.whole));

  const findings = results.flatMap((result) => result.findings);
  const written: Results = {
    startedAt,
    short,
    suites,
    machine: {
      Node: process.versions.node,
      ...Object.assign({}, ...results.map((result) => result.machine)),
      cores: String(availableParallelism()),
      platform: `${process.platform} ${process.arch}`,
    },
    findings,
    measurements: results.flatMap((result) => result.measurements),
  };
  await mkdir(new URL('.', LATEST), { recursive: true });
  await writeFile(LATEST, `${JSON.stringify(written, null, 2)}\n`);
  for (const suite of suites) {
    console.log(`\n${suite}\n${textTable(findings.filter((finding) => finding.suite === suite))}`);
  }
  console.log(`\n${summaryOf(findings)}${short ? ' A short run: its numbers are not worth much.' : ''}`);
}

/** One suite; what it started is gone before the next one measures. */
async function runSuite(suite: SuiteName, plan: Plan): Promise<SuiteResult> {
  const cleanUp = new AsyncDisposableStack();
  let cleaned: Promise<void> | null = null;
  // Whoever comes second waits for the first: a signal makes the suite fail while it is being cleaned up after.
  const clean = () => {
    cleaned ??= cleanUp.disposeAsync();
    return cleaned;
  };
  const interrupt = (signal: NodeJS.Signals) => {
    console.error(`\n${signal}: stopping what was started; there is no result.`);
    void clean().finally(() => process.exit(INTERRUPTED));
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    return await SUITES[suite]({ plan, cleanUp, say: (line) => console.error(line) });
  } finally {
    await clean();
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

async function publish(): Promise<void> {
  const text = await readFile(LATEST, 'utf8').catch(() => null);
  const results: Results | null = text === null ? null : JSON.parse(text);
  const flaw = results ? flawOf(results) : 'nothing has been measured here';
  if (!results || flaw !== null) {
    console.error(`Not published: ${flaw}. Run \`npm run bench\` first.`);
    process.exitCode = 1;
    return;
  }
  await writeFile(PUBLISHED, `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(DOCUMENT, replaceSection(await readFile(DOCUMENT, 'utf8'), renderSection(results)));
}
