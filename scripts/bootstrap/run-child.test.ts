import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { runChild } from './run-child.mjs';

const RUN_CHILD = path.join(import.meta.dirname, 'run-child.mjs');

/** A task that counts signals, and drains for a moment after the first as the server does. */
const TASK = `
  let heard = 0;
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {
    console.log(signal);
    heard += 1;
    if (heard === 1) setTimeout(() => { console.log('drained ' + heard); process.exit(5); }, 400);
  });
  setInterval(() => {}, 1000);
  console.log('up');
`;

const started: ChildProcess[] = [];
afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

/** The bootstrap in small: a process of its own that runs the task through `runChild`. */
function startRunner(env: NodeJS.ProcessEnv = {}) {
  const script = `
    import { runChild } from ${JSON.stringify(RUN_CHILD)};
    const { exitCode } = await runChild(process.execPath, ['-e', ${JSON.stringify(TASK)}], { cwd: '.' });
    console.log('exit ' + exitCode);`;
  const runner = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(runner);
  const lines: string[] = [];
  runner.stdout.on('data', (chunk) => lines.push(...String(chunk).trim().split('\n')));
  return { runner, lines, isUp: () => vi.waitFor(() => expect(lines).toContain('up'), 10_000) };
}

test.each(['SIGINT', 'SIGTERM'] as const)('one %s reaches the task once, and is waited for', async (signal) => {
  const { runner, lines, isUp } = startRunner();
  await isUp();
  runner.kill(signal);
  await once(runner, 'close');
  expect(lines).toEqual(['up', signal, 'drained 1', 'exit 5']);
});

test('a signal that arrives twice at once, from the terminal and from npm, counts as one', async () => {
  const { runner, lines, isUp } = startRunner();
  await isUp();
  runner.stdout.once('data', () => runner.kill('SIGINT'));
  runner.kill('SIGINT');
  await once(runner, 'close');
  expect(lines).toEqual(['up', 'SIGINT', 'drained 1', 'exit 5']);
});

test('a closed terminal asks the task to stop', async () => {
  const { runner, lines, isUp } = startRunner();
  await isUp();
  runner.kill('SIGHUP');
  await once(runner, 'close');
  expect(lines).toEqual(['up', 'SIGTERM', 'drained 1', 'exit 5']);
});

test('exit code and output are handed on', async () => {
  const script = `console.log('out'); console.error('err'); process.exitCode = 3;`;
  const result = await runChild(process.execPath, ['-e', script], { cwd: '.', capture: true });
  expect(result).toMatchObject({ exitCode: 3, interrupted: false });
  expect(result.output).toContain('out\n');
  expect(result.output).toContain('err\n');
});

test('a child that a signal ended has exit code 128 + n', async () => {
  const result = await runChild(process.execPath, ['-e', `process.kill(process.pid, 'SIGKILL')`], { cwd: '.' });
  expect(result.exitCode).toBe(137);
});

test('a command that does not exist is an error', async () => {
  await expect(runChild('/nonexistent/command', [], { cwd: '.' })).rejects.toThrow('ENOENT');
});
