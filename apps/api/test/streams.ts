import { record } from '@morket/domain/record';
import { aTenant, type Person, type Tenant, unique, useWorld } from '@morket/testing';
import { type EventStream, type Heard, openEventStream } from '@morket/testing/event-stream';
import { afterEach, beforeAll, expect } from 'vitest';

type Listening = { readonly at?: string; readonly in?: Tenant; readonly topics?: string[]; readonly after?: string };
type Listener = Pick<Person, 'accessToken'>;

/** An event that every role hears of. */
export const MARK = 'billing.marked';

export const kindOf = ({ data }: Heard) => (data as { kind?: string } | null)?.kind;
export const isReady = (heard: Heard): boolean => kindOf(heard) === 'ready';
export const isNamed = (name: string) => (heard: Heard) => (heard.data as { name?: string } | null)?.name === name;
export const eventsIn = (heard: readonly Heard[]) =>
  heard.map(({ data }) => data as { kind: string; name: string; entity: string; entityId: string });

/** How a stream ends: what it says last. */
export async function endOf(stream: EventStream): Promise<{ errorCode: string; details: unknown }> {
  const [last] = (await stream.until(({ event }) => event === 'serialized-error')).slice(-1);
  expect(await stream.next()).toBeNull();
  if (!last) throw new Error('The stream has ended without a word.');
  return (last.data as { data: { errorCode: string; details: unknown } }).data;
}

/** A process that listens on a port, and a tenant with credits, for a test file; streams are closed after each test. */
export function useStreams() {
  const world = useWorld();
  const scene: { origin: string; tenant: Tenant | null } = { origin: '', tenant: null };
  beforeAll(async () => {
    scene.origin = await world.app.listen({ host: '127.0.0.1', port: 0 });
    scene.tenant = await aTenant(world, { credits: 1_000 });
  });
  const open: EventStream[] = [];
  afterEach(() => {
    for (const stream of open.splice(0)) stream.close();
  });
  const theTenant = (): Tenant => {
    if (!scene.tenant) throw new Error('The tenant exists only inside hooks and tests.');
    return scene.tenant;
  };

  async function listen(person: Listener, options: Listening = {}): Promise<EventStream> {
    const stream = await openEventStream(options.at ?? scene.origin, 'realtime.subscribe', {
      token: person.accessToken,
      input: { workspaceId: (options.in ?? theTenant()).id, ...(options.topics && { topics: options.topics }) },
      ...(options.after !== undefined && { headers: { 'last-event-id': options.after } }),
    });
    open.push(stream);
    return stream;
  }

  const mark = (id: string, by: Tenant) =>
    world.db.transaction((tx) =>
      record(tx, by.scope, { name: MARK, version: 1, aggregate: { type: 'billing_account', id }, payload: {} }),
    );

  /** A stream that has told of all up to this moment: what was committed just before it was ready it may tell, too. */
  async function listening(
    person: Listener,
    options: Listening = {},
  ): Promise<EventStream & { readonly place: string }> {
    const stream = await listen(person, options);
    expect((await stream.next())?.data).toEqual({ kind: 'ready' });
    const id = unique();
    await mark(id, options.in ?? theTenant());
    const heard = await stream.until(({ data }) => (data as { entityId?: string } | null)?.entityId === id);
    return { ...stream, place: heard.at(-1)?.id ?? '' };
  }

  const spend = () => world.services.billing.debit(theTenant().scope, { amount: 1, description: 'a secret errand' });

  return {
    ...{ world, listen, listening, spend },
    get origin() {
      return scene.origin;
    },
    get tenant() {
      return theTenant();
    },
  };
}
