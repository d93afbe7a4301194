import type { RequestOrigin } from './scope.ts';

/**
 * Shares what is read for a request among the calls of its batch: an origin is made with its request, and what was read for it goes with
 * it.
 */
export function createOncePerRequest<Row>() {
  const readFor = new WeakMap<RequestOrigin, Map<string, Promise<Row>>>();

  /** What `read` gives, once for each request and `about`. */
  return (origin: RequestOrigin, about: unknown, read: () => Promise<Row>): Promise<Row> => {
    const known = readFor.get(origin) ?? new Map<string, Promise<Row>>();
    readFor.set(origin, known);
    const name = JSON.stringify(about);
    const reading = known.get(name) ?? read();
    known.set(name, reading);
    return reading;
  };
}
