/** The calls a child process answers. */
export type Handlers = Readonly<Record<string, (...args: never[]) => unknown>>;

type Request = { readonly id: number; readonly method: string; readonly args: readonly unknown[] };
export type Message =
  | { readonly ready: unknown }
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string };

/** Answers the process that started this one, from now until it goes away; then ends, whatever is under way. */
export function serveParent(handlers: Handlers, ready: unknown = null): void {
  const send = (message: Message) => process.send?.(message);
  process.on('message', async ({ id, method, args }: Request) => {
    try {
      const handler = handlers[method] as ((...args: readonly unknown[]) => unknown) | undefined; // typed at the parent's end
      if (!handler) throw new Error(`This process answers no ${method}.`);
      send({ id, value: await handler(...args) });
    } catch (err) {
      send({ id, error: err instanceof Error ? (err.stack ?? err.message) : String(err) });
    }
  });
  process.once('disconnect', () => process.exit());
  send({ ready });
}

/** Microseconds of CPU this process has used, on all its threads. */
function cpuMicros(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** What every serving process answers. */
export const serverHandlers = { cpuMicros };
export type ServerHandlers = typeof serverHandlers;
export type ServerReady = { readonly port: number };
