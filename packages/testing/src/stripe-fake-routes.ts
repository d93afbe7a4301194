import type { createIntents } from './stripe-fake-intents.ts';
import { type Methods, methodView } from './stripe-fake-methods.ts';
import { invalid } from './stripe-fake-protocol.ts';

type Route = {
  readonly operation: string;
  readonly method: 'GET' | 'POST';
  readonly path: RegExp;
  /** Anything else is an unknown parameter. */
  readonly params: readonly string[];
  readonly run: (id: string, params: URLSearchParams) => unknown;
};

const CREATE_PARAMS = [
  ...['amount', 'currency', 'customer', 'payment_method', 'allowed_payment_method_types', 'confirm', 'off_session'],
  ...['description', 'metadata', 'return_url'],
];

/** The operations that the fake knows, in the names of the API reference. */
export type StripeOperation =
  | 'customers.create'
  | 'payment_methods.retrieve'
  | 'payment_methods.attach'
  | 'payment_intents.create'
  | 'payment_intents.confirm'
  | 'payment_intents.cancel'
  | 'payment_intents.retrieve'
  | 'payment_intents.list'
  | 'payment_intents.search';

export function createRoutes(methods: Methods, intents: ReturnType<typeof createIntents>) {
  const routes: readonly (Route & { readonly operation: StripeOperation })[] = [
    {
      operation: 'customers.create',
      method: 'POST',
      path: /^\/v1\/customers$/,
      params: ['metadata'],
      run: (_, params) => methods.createCustomer(params),
    },
    {
      operation: 'payment_methods.retrieve',
      method: 'GET',
      path: /^\/v1\/payment_methods\/([^/]+)$/,
      params: [],
      run: (id) => methodView(methods.method(id)),
    },
    {
      operation: 'payment_methods.attach',
      method: 'POST',
      path: /^\/v1\/payment_methods\/([^/]+)\/attach$/,
      params: ['customer'],
      run: (id, params) => methods.attach(id, params),
    },
    {
      operation: 'payment_intents.create',
      method: 'POST',
      path: /^\/v1\/payment_intents$/,
      params: CREATE_PARAMS,
      run: (_, params) => intents.create(params),
    },
    {
      operation: 'payment_intents.list',
      method: 'GET',
      path: /^\/v1\/payment_intents$/,
      params: ['customer', 'created', 'limit', 'starting_after'],
      run: (_, params) => intents.list(params),
    },
    {
      operation: 'payment_intents.search',
      method: 'GET',
      path: /^\/v1\/payment_intents\/search$/,
      params: ['query', 'limit', 'page'],
      run: (_, params) => intents.search(params),
    },
    {
      operation: 'payment_intents.retrieve',
      method: 'GET',
      path: /^\/v1\/payment_intents\/([^/]+)$/,
      params: [],
      run: (id) => intents.retrieve(id),
    },
    {
      operation: 'payment_intents.confirm',
      method: 'POST',
      path: /^\/v1\/payment_intents\/([^/]+)\/confirm$/,
      params: ['payment_method', 'off_session', 'return_url'],
      run: (id, params) => intents.confirm(id, params),
    },
    {
      operation: 'payment_intents.cancel',
      method: 'POST',
      path: /^\/v1\/payment_intents\/([^/]+)\/cancel$/,
      params: [],
      run: (id) => intents.cancel(id),
    },
  ];

  /** The operation a request asks for, ready to run, or null for an address that does not exist. */
  return (method: string, path: string, params: URLSearchParams) => {
    for (const route of routes) {
      const match = route.method === method ? route.path.exec(path) : null;
      if (!match) continue;
      const run = () => {
        for (const name of params.keys()) {
          const base = name.split('[', 1)[0] ?? name;
          if (!route.params.includes(base)) {
            throw invalid(`Received unknown parameter: ${base}`, { code: 'parameter_unknown', param: base });
          }
        }
        return route.run(decodeURIComponent(match[1] ?? ''), params);
      };
      return { operation: route.operation, run };
    }
    return null;
  };
}
