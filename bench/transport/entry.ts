import type { HttpRequest } from '../load/http-request.ts';
import type { Child } from '../process/child.ts';
import type { ServerHandlers, ServerReady } from '../process/serve-parent.ts';

/** Something that answers one request, or several in turn, over and over. */
export type Entry = {
  /** `load / who carries it`. */
  readonly name: string;
  readonly server: Child<ServerReady, ServerHandlers>;
  readonly request: HttpRequest | readonly HttpRequest[];
  readonly callsPerRequest?: number;
};
