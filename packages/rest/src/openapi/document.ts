import { can, isKeyPermission, type Permission, Role } from '@morket/contract/permissions';
import type { Access } from '@morket/rpc';
import { API_PREFIX } from '../api-prefix.ts';
import { EXAMPLE_REQUEST_ID } from '../error-example.ts';
import type { JsonSchema } from '../json-schema.ts';
import { type Operation, operations } from '../operation.ts';
import { planText } from '../reference/plan-text.ts';
import { type Components, createComponents, type Example, type Ref } from './components.ts';
import { IDEMPOTENCY_KEY_PARAMETER, type Parameter, parametersOf, type RequestBody, requestBodyOf } from './request.ts';
import { type Response, responsesOf } from './responses.ts';
import { type WebhookItem, webhooksOf } from './webhooks.ts';

/** `serverUrl` is the origin of the deployment, without a path; absent, addresses are relative to the document's own. */
export type OpenApiOptions = { readonly version: string; readonly serverUrl?: string };

type PathOperation = {
  readonly operationId: string;
  readonly summary: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: RequestBody;
  readonly responses: Readonly<Record<string, Response | Ref>>;
};

export type OpenApiDocument = {
  readonly openapi: '3.1.0';
  readonly info: Readonly<Record<string, unknown>>;
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, PathOperation>>>>;
  /** What Morket sends to the endpoints that a workspace sets up. */
  readonly webhooks: Readonly<Record<string, WebhookItem>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, JsonSchema>>;
    readonly examples: Readonly<Record<string, Example>>;
    readonly responses: Readonly<Record<string, unknown>>;
    readonly parameters: Readonly<Record<string, Parameter>>;
    readonly headers: Readonly<Record<string, unknown>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
};

const DESCRIPTION = `
Every answer is an envelope: \`success\`, \`data\`, \`error\`, and \`meta\` for a page. A failure has a \`code\` of the catalogue, a
\`message\` for people, typed \`details\` and the \`requestId\`, which is in the header \`X-Request-Id\` as well.

Send \`Authorization: Bearer <access token>\`; \`auth.login\` gives one. A program sends an API key instead, which \`apiKey.create\` gives:
as \`X-API-Key\` or in the place of the token, never in an address (400 \`access.key_in_url\`). It acts in its own workspace, so the
workspace need not be named; what takes no API key says so. Dates are ISO 8601 in UTC. Lists are paged by \`page\`, from 1,
and \`limit\`. Where an answer says \`Retry-After\`, wait so long before the next try.

Every change that needs a token takes an \`Idempotency-Key\`: sent again within a day, it answers as the first time and changes nothing.
`.trim();

const HEADERS = {
  RequestId: {
    description: 'Names this request in logs and audit entries.',
    schema: { type: 'string', format: 'uuid' },
    example: EXAMPLE_REQUEST_ID,
  },
  RetryAfter: {
    description: 'Seconds to wait before the next try.',
    schema: { type: 'integer', minimum: 0 },
    example: 30,
  },
  Replayed: {
    description: '`true` where the answer was given before, under the same idempotency key; absent otherwise.',
    schema: { type: 'string', const: 'true' },
    example: 'true',
  },
  Challenge: {
    description: 'How to authenticate; says `invalid_token` when a token was sent.',
    schema: { type: 'string' },
    example: 'Bearer error="invalid_token"',
  },
} as const;

const BEARER = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description: 'The access token of `auth.login` or `auth.refresh`.',
} as const;

const API_KEY = {
  type: 'apiKey',
  in: 'header',
  name: 'X-API-Key',
  description: 'A key of `apiKey.create`. `Authorization: Bearer <key>` does the same.',
} as const;

const count = (minimum: number): JsonSchema => ({ type: 'integer', minimum });

const PAGE_META: JsonSchema = {
  type: 'object',
  properties: { page: count(1), limit: count(1), total: count(0) },
  required: ['page', 'limit', 'total'],
};

const rolesWith = (permission: Permission): string => Role.options.filter((role) => can(role, permission)).join(', ');

const takesKeys = (access: Access): boolean => access.kind === 'workspace' && isKeyPermission(access.permission);

function securityOf(access: Access): PathOperation['security'] {
  if (access.kind === 'public') return [];
  return takesKeys(access) ? [{ bearer: [] }, { apiKey: [] }] : [{ bearer: [] }];
}

function accessText(access: Access): string {
  switch (access.kind) {
    case 'public':
      return 'Needs no token.';
    case 'user':
      return 'Needs an access token; takes no API key.';
    case 'workspace':
      return [
        `Needs \`${access.permission}\` in the workspace: ${rolesWith(access.permission)}.`,
        ...(takesKeys(access) ? [] : ['Takes no API key.']),
        ...planText(access),
      ].join(' ');
  }
}

/** The domain of a procedure: `billing` of `billing.debit`. */
const domainOf = ({ procedure }: Operation): string => procedure.path.split('.')[0] ?? '';

function pathOperation(operation: Operation, components: Components): PathOperation {
  const { procedure } = operation;
  const parameters = parametersOf(operation);
  const requestBody = requestBodyOf(operation, components);
  return {
    operationId: procedure.path,
    summary: procedure.summary,
    description: accessText(procedure.access),
    tags: [domainOf(operation)],
    security: securityOf(procedure.access),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(requestBody ? { requestBody } : {}),
    responses: responsesOf(operation, components),
  };
}

/** The OpenAPI 3.1 document of the REST surface, derived from the router. Throws for a schema that no document can describe. */
export function openApiDocument({ version, serverUrl = '' }: OpenApiOptions): OpenApiDocument {
  const all = operations();
  const components = createComponents();
  components.putSchema('PageMeta', PAGE_META);
  const paths = [...Map.groupBy(all, ({ path }) => path)].map(([path, list]) => {
    const byMethod = list.map((one) => [one.method.toLowerCase(), pathOperation(one, components)] as const);
    return [path, Object.fromEntries(byMethod)] as const;
  });
  const webhooks = webhooksOf(components);
  const domains = [...new Set(all.map(domainOf))];
  return {
    openapi: '3.1.0',
    info: {
      title: 'Morket',
      version,
      description: DESCRIPTION,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: `${serverUrl.replace(/\/$/, '')}${API_PREFIX}` }],
    tags: domains.map((name) => ({ name, description: `The procedures of \`${name}\`.` })),
    paths: Object.fromEntries(paths),
    webhooks,
    components: {
      ...components.all(),
      parameters: { IdempotencyKey: IDEMPOTENCY_KEY_PARAMETER },
      headers: HEADERS,
      securitySchemes: { bearer: BEARER, apiKey: API_KEY },
    },
  };
}
