// @ts-check
import { spawn } from 'node:child_process';
import os from 'node:os';
import process from 'node:process';

/** @type {readonly NodeJS.Signals[]} */
const FORWARDED = ['SIGINT', 'SIGTERM', 'SIGHUP'];
/**
 * One Ctrl-C reaches this process twice, from the terminal and again from npm, and one `timeout` up to three times.
 * The server takes a second signal as "stop at once", so what arrives within this window counts as one.
 */
const SAME_SIGNAL_MS = 250;
const PARENT_POLL_MS = 1_000;

/**
 * Runs a command in the foreground. The child leads its own process group: it hears of a signal from here alone,
 * exactly once, and is then waited for.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd: string, env?: NodeJS.ProcessEnv, capture?: boolean }} options `capture` keeps the output back
 * @returns {Promise<{ exitCode: number, output: string, interrupted: boolean }>} exit code 128 + n when signal n ended
 *   the child; `interrupted` when one was passed on to it, however it ended
 */
export function runChild(command, args, { cwd, env = process.env, capture = false }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      stdio: capture ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      detached: process.platform !== 'win32',
    });
    let output = '';
    /** @param {Buffer} chunk */
    const keep = (chunk) => {
      output += chunk.toString();
    };
    child.stdout?.on('data', keep);
    child.stderr?.on('data', keep);
    // On Windows the console itself delivers Ctrl-C to the child, and `kill` would cut it short.
    let interrupted = false;
    const stopForwarding = forwardSignals((signal) => {
      interrupted = true;
      if (process.platform !== 'win32') child.kill(signal);
    });
    child.once('error', (err) => {
      stopForwarding();
      reject(err);
    });
    child.once('close', (code, signal) => {
      stopForwarding();
      resolve({ exitCode: signal ? 128 + os.constants.signals[signal] : (code ?? 1), output, interrupted });
    });
  });
}

/**
 * Calls `send` once for each signal meant for the task; returns the function that ends it.
 *
 * @param {(signal: NodeJS.Signals) => unknown} send
 * @returns {() => void}
 */
function forwardSignals(send) {
  /** @type {Map<NodeJS.Signals, number>} */
  const sentAt = new Map();
  /** @param {NodeJS.Signals} received */
  const forward = (received) => {
    // A closed terminal means "stop"; servers and watchers handle SIGTERM, few of them SIGHUP.
    const signal = received === 'SIGHUP' ? 'SIGTERM' : received;
    const now = performance.now();
    if (now - (sentAt.get(signal) ?? Number.NEGATIVE_INFINITY) < SAME_SIGNAL_MS) return;
    sentAt.set(signal, now);
    send(signal);
  };
  for (const signal of FORWARDED) process.on(signal, forward);
  const parentWatch = watchParent(() => sentAt.size === 0 && forward('SIGTERM'));
  return () => {
    clearInterval(parentWatch);
    for (const signal of FORWARDED) process.off(signal, forward);
  };
}

/**
 * An npm that was killed outright (an editor's stop button, a job's time limit) passes no signal on; its task would
 * keep the port for ever. Started without npm, the task may outlive its parent: someone put it in the background.
 *
 * @param {() => unknown} onGone
 */
function watchParent(onGone) {
  if (process.env.npm_lifecycle_event === undefined) return undefined;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, PARENT_POLL_MS);
  return timer;
}
