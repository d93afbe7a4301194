import { randomBytes } from 'node:crypto';
import { type ApiProcess, startApi } from '../api-process.ts';
import type { Told } from '../ledger-claims.ts';
import { type Done, doneBy, type Order, requestOf } from './order.ts';

/** What a caller hears of one try: a final answer, with the moment of its effect, or that this try failed. */
export type Heard =
  | Done
  | { readonly told: Extract<Told, { outcome: 'refused' }>; readonly at: null }
  | { readonly failed: string };

export type CrashService = {
  /** Sends an order over HTTP to whichever process serves now. Throws on an answer that no fault explains. */
  send(order: Order): Promise<Heard>;
  /** A workspace of its owner with this many credits. */
  openWorkspace(credits: number): Promise<string>;
  /** SIGKILL, then a new process; resolves when that one listens. */
  kill(): Promise<void>;
  /** Asks it to end and waits until it has. */
  stop(): Promise<void>;
  /** Unless asked to, no process ends: what one said that did. */
  complaints(): readonly string[];
};

const PASSWORD = 'four random words of the writer';
const REQUEST_TIMEOUT_MS = 20_000;

type Envelope = { readonly data: unknown; readonly error: { readonly code: string; readonly details: unknown } | null };

/** The API as a process of its own on this database, configured as in production. */
export async function startCrashService(databaseUrl: string): Promise<CrashService> {
  const env = {
    NODE_ENV: 'production',
    HOST: '127.0.0.1',
    PORT: '0',
    DATABASE_URL: databaseUrl,
    // The same for every process, so that a token outlives the one that gave it.
    JWT_SECRET: randomBytes(32).toString('hex'),
    ENCRYPTION_MASTER_KEY: randomBytes(32).toString('hex'),
    JWT_ACCESS_EXPIRY: '1d',
    RATE_LIMIT_AUTH_PER_MINUTE: '0',
    RATE_LIMIT_PER_MINUTE: '0',
    RATE_LIMIT_USER_PER_MINUTE: '0',
    BCRYPT_ROUNDS: '10',
    SHUTDOWN_DELAY_MS: '0',
  };
  const complaints: string[] = [];
  let api: ApiProcess;
  let url: URL;
  let token = '';

  async function start(): Promise<void> {
    const started = startApi(env);
    api = started;
    url = await started.listening();
    void started.ended.then(({ code, signal }) => {
      if (signal === 'SIGKILL' || code === 0) return;
      const last = started
        .stdout()
        .split('\n')
        .filter((line) => line.includes('"level":"fatal"'));
      complaints.push([`the API ended by itself (${code ?? signal})`, ...last, started.stderr()].join('\n'));
    });
  }

  async function post(path: string, body: unknown): Promise<{ readonly status: number } & Envelope> {
    const response = await fetch(new URL(`/api/v1${path}`, url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token !== '' && { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const text = await response.text();
    return { status: response.status, ...(JSON.parse(text) as Envelope) }; // the envelope of every answer
  }

  async function create<T>(path: string, body: unknown): Promise<T> {
    const { status, data, error } = await post(path, body);
    if (status >= 300) throw new Error(`POST ${path} was answered with ${status} ${error?.code}`);
    return data as T; // what the caller knows of the procedure
  }

  async function send(order: Order): Promise<Heard> {
    const { path, body } = requestOf(order);
    const answer = await post(`/workspaces/${order.workspaceId}/billing${path}`, body).catch((err: unknown) => ({
      failed: String(err instanceof Error ? (err.cause ?? err) : err),
    }));
    if ('failed' in answer) return answer;
    const { status, data, error } = answer;
    if (status < 300) return doneBy(order, data);
    // What a hold or an entry was told to be may be gone: that is for the claims to find out.
    if ([402, 404, 409].includes(status))
      return { told: { outcome: 'refused', code: error?.code ?? '', details: error?.details }, at: null };
    if (status >= 500) return { failed: `${status} ${error?.code}` };
    throw new Error(`"${order.description}" was answered with ${status} ${error?.code}`);
  }

  await start();
  const email = `writer-${randomBytes(6).toString('hex')}@example.com`;
  const registered = { email, password: PASSWORD, name: 'The writer' };
  token = (await create<{ accessToken: string }>('/auth/register', registered)).accessToken;

  async function openWorkspace(credits: number): Promise<string> {
    const { id } = await create<{ id: string }>('/workspaces', { name: `Crash ${randomBytes(4).toString('hex')}` });
    await create(`/workspaces/${id}/billing/credits`, { amount: credits, description: 'opening balance' });
    return id;
  }

  async function kill(): Promise<void> {
    api.signal('SIGKILL');
    await api.ended;
    await start();
  }

  async function stop(): Promise<void> {
    api.signal('SIGTERM');
    await api.ended;
  }

  return { send, openWorkspace, kill, stop, complaints: () => complaints };
}
