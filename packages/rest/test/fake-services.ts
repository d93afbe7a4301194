import { Unauthenticated } from '@morket/contract/errors';
import type { Services } from '@morket/rpc';

export const USER_ID = '019aa2c4-0000-7000-8000-000000000001';
export const WORKSPACE_ID = '019aa2c4-0000-7000-8000-000000000002';
export const GOOD_TOKEN = 'good-token';

/** The verbs a test expects to be called; every other one fails by name. */
export type ExpectedVerbs = { readonly [Port in keyof Services]?: Partial<Services[Port]> };

const claims = { userId: USER_ID, sessionId: '019aa2c4-0000-7000-8000-000000000003', gen: 1 };

const access: Services['access'] = {
  async identify(bearer) {
    if (bearer === null) throw Unauthenticated({ reason: 'missing' });
    if (bearer !== GOOD_TOKEN) throw Unauthenticated({ reason: 'invalid' });
    return claims;
  },
  async proveKey() {
    throw Unauthenticated({ reason: 'invalid' });
  },
  async userScope(_claims, origin) {
    const scope = { actorId: USER_ID, sessionId: claims.sessionId, workspaceId: null, impersonatorId: null, origin };
    return scope as Awaited<ReturnType<Services['access']['userScope']>>; // the brand belongs to the real access service
  },
  async workspaceScope(_claims, origin, { sources }) {
    const workspaceId = sources.input ?? sources.headers[0] ?? WORKSPACE_ID;
    const scope = {
      actorId: USER_ID,
      sessionId: claims.sessionId,
      workspaceId,
      role: 'owner',
      planType: 'enterprise',
      impersonatorId: null,
      origin,
    };
    return scope as Awaited<ReturnType<Services['access']['workspaceScope']>>; // as above
  },
};

const limits: Services['limits'] = {
  chargeAddress: async () => undefined,
  chargePrincipal: async () => undefined,
  chargeWorkspace: async () => undefined,
};
const health: Services['health'] = { ready: async () => undefined };

function port<Name extends keyof Services>(name: Name, verbs: Partial<Services[Name]>): Services[Name] {
  const unexpected = (verb: string | symbol) => async () => {
    throw new Error(`${name}.${String(verb)} was not expected.`);
  };
  const get = (target: object, verb: string | symbol): unknown => Reflect.get(target, verb) ?? unexpected(verb);
  return new Proxy(verbs, { get }) as Services[Name]; // every verb that is missing fails when it is called
}

/** Services behind which there is nothing: `GOOD_TOKEN` is an owner of any workspace, and nothing is limited. */
export function fakeServices(expected: ExpectedVerbs = {}): Services {
  return {
    access: { ...access, ...expected.access },
    limits: { ...limits, ...expected.limits },
    health: { ...health, ...expected.health },
    auth: port('auth', { ...expected.auth }),
    sessions: port('sessions', { ...expected.sessions }),
    workspaces: port('workspaces', { ...expected.workspaces }),
    members: port('members', { ...expected.members }),
    invitations: port('invitations', { ...expected.invitations }),
    apiKeys: port('apiKeys', { ...expected.apiKeys }),
    credentials: port('credentials', { ...expected.credentials }),
    billing: port('billing', { ...expected.billing }),
    holds: port('holds', { ...expected.holds }),
    recharges: port('recharges', { ...expected.recharges }),
    deadLetters: port('deadLetters', { ...expected.deadLetters }),
    jobs: port('jobs', { ...expected.jobs }),
    notifications: port('notifications', { ...expected.notifications }),
    forms: port('forms', { ...expected.forms }),
    submissions: port('submissions', { ...expected.submissions }),
    webhookEndpoints: port('webhookEndpoints', { ...expected.webhookEndpoints }),
    webhookDeliveries: port('webhookDeliveries', { ...expected.webhookDeliveries }),
    realtime: port('realtime', { ...expected.realtime }),
    ledgerAudit: port('ledgerAudit', { ...expected.ledgerAudit }),
    plans: port('plans', { ...expected.plans }),
    audit: port('audit', { ...expected.audit }),
    auditVerifier: port('auditVerifier', { ...expected.auditVerifier }),
  };
}

const PLATFORM: ReadonlySet<string | symbol> = new Set<keyof Services>(['access', 'limits', 'health']);

/** Services of which every verb of a domain answers with one value, for tests that go through all procedures. */
export function servicesAnswering(result: unknown): Services {
  const verbs = new Proxy({}, { get: () => async () => result });
  // The procedure's output schema checks the value.
  return new Proxy(fakeServices(), {
    get: (own, name) => (PLATFORM.has(name) ? Reflect.get(own, name) : verbs),
  });
}
