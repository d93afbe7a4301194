import type { createDb } from '@morket/db';

type WrapAdapter = NonNullable<Parameters<typeof createDb>[0]['wrapAdapter']>;

/** What leads from the driver to the place where statements are sent. */
const LEADS_ON = new Set<PropertyKey>(['connect', 'startTransaction']);

function unlocked<T extends object>(driver: T): T {
  return new Proxy(driver, {
    get(target, name) {
      const found: unknown = Reflect.get(target, name);
      if (typeof found !== 'function') return found;
      return (...args: unknown[]) => {
        if (LEADS_ON.has(name)) return Promise.resolve(found.apply(target, args)).then(unlocked);
        return found.apply(target, name === 'queryRaw' ? args.map(withoutLock) : args);
      };
    },
  });
}

const withoutLock = (query: unknown): unknown => {
  const { sql, ...rest } = query as { readonly sql: string }; // the one argument that a driver's queryRaw takes
  return { ...rest, sql: sql.replace(/\bfor update\b/i, '') };
};

/** A driver whose transactions take no row locks by `for update`, for tests that have to notice. */
export const withoutLocks: WrapAdapter = unlocked;
