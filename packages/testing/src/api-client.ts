import type { ApiProcess } from './api-process.ts';

/** What a development server prints for a newcomer. */
export type Demo = { readonly email: string; readonly password: string; readonly workspaceId: string };

/** Reads the demo login off the banner; waits until it has been printed. */
export async function demoOf(api: ApiProcess): Promise<Demo> {
  await api.printed('Stop with Ctrl-C.');
  const [, email = '', password = ''] = /Demo login\s+(\S+)\s+(\S+)/.exec(api.stdout()) ?? [];
  const [, workspaceId = ''] = /Demo workspace\s+(\S+)/.exec(api.stdout()) ?? [];
  return { email, password, workspaceId };
}

export type ApiClient = {
  /** Any call below `/api/v1`; `data` is what the envelope holds. */
  request(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly data: unknown }>;
  /** The same, below the demo workspace. */
  inWorkspace(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ readonly status: number; readonly data: unknown }>;
};

/** Signs in over HTTP with the demo login. Throws when that is refused. */
export async function signInAs(demo: Demo, url: URL): Promise<ApiClient> {
  let token = '';
  async function request(method: string, path: string, body?: unknown) {
    const response = await fetch(new URL(`/api/v1${path}`, url), {
      method,
      headers: {
        ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const { data } = (await response.json()) as { data: unknown }; // the envelope of every answer
    return { status: response.status, data };
  }
  const { status, data } = await request('POST', '/auth/login', { email: demo.email, password: demo.password });
  if (status !== 200) throw new Error(`signing in as ${demo.email} was answered with ${status}`);
  token = (data as { accessToken: string }).accessToken; // of a login that worked
  return {
    request,
    inWorkspace: (method, path, body) => request(method, `/workspaces/${demo.workspaceId}${path}`, body),
  };
}
