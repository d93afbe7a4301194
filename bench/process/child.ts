import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Handlers, Message } from './serve-parent.ts';

const START_TIMEOUT_MS = 60_000;

/** A process of ours, by the calls it answers. */
export type Child<Ready, Answers extends Handlers> = {
  readonly ready: Ready;
  ask<Method extends keyof Answers & string>(
    method: Method,
    ...args: Parameters<Answers[Method]>
  ): Promise<Awaited<ReturnType<Answers[Method]>>>;
};

/**
 * Starts a module that calls `serveParent`, and waits until it does; `cleanUp` ends it. Its standard output goes nowhere: what is
 * measured may log. Calls under way reject when it ends.
 */
export async function startChild<Ready, Answers extends Handlers>(
  file: URL,
  { cleanUp, env = {} }: { readonly cleanUp: AsyncDisposableStack; readonly env?: Readonly<Record<string, string>> },
): Promise<Child<Ready, Answers>> {
  const name = fileURLToPath(file);
  const child = fork(name, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  const ready = Promise.withResolvers<unknown>();
  const ended = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      const reason = new Error(`${name} ended (${signal ?? `exit code ${code}`}).`);
      ready.reject(reason);
      for (const call of waiting.values()) call.reject(reason);
      resolve();
    });
  });
  child.on('message', (message: Message) => {
    if ('ready' in message) return ready.resolve(message.ready);
    const call = waiting.get(message.id);
    waiting.delete(message.id);
    if ('error' in message) call?.reject(new Error(message.error));
    else call?.resolve(message.value);
  });

  child.once('error', ready.reject);
  // Registered before it is ready: an interrupt may come at any time.
  cleanUp.defer(async () => {
    child.kill('SIGKILL');
    await ended;
  });

  const timer = setTimeout(() => ready.reject(new Error(`${name} was not ready in time.`)), START_TIMEOUT_MS);
  const value = await ready.promise.finally(() => clearTimeout(timer));

  let lastId = 0;
  return {
    ready: value as Ready, // what the module of `file` passes to serveParent; the caller names both
    ask(method, ...args) {
      lastId += 1;
      const call = Promise.withResolvers<unknown>();
      waiting.set(lastId, call);
      child.send({ id: lastId, method, args }, (err) => {
        if (err) call.reject(err);
      });
      return call.promise as Promise<Awaited<ReturnType<Answers[typeof method]>>>; // as above
    },
  };
}
