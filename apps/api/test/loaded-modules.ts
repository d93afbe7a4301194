import { registerHooks } from 'node:module';

/** Puts `name` of every package that is loaded from now on into `loaded`, whoever imports it and in whichever way. */
export function watchPackages(loaded: Set<string>): void {
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      const name = /\/node_modules\/((?:@[^/]+\/)?[^/]+)\/(?!.*\/node_modules\/)/.exec(resolved.url)?.[1];
      if (name !== undefined) loaded.add(name);
      return resolved;
    },
  });
}
