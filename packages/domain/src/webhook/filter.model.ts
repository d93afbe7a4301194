import { isDeliverable } from '@morket/contract/webhook';

const domainPattern = (eventName: string): string => `${eventName.slice(0, eventName.indexOf('.'))}.*`;

/** Every pattern that an event of this name matches. */
export const patternsFor = (eventName: string): readonly string[] => ['*', domainPattern(eventName), eventName];

/** The patterns that no event of the catalogue matches. */
export function unknownPatterns(patterns: readonly string[], eventNames: readonly string[]): string[] {
  const known = new Set(eventNames.filter(isDeliverable).flatMap(patternsFor));
  return patterns.filter((pattern) => !known.has(pattern));
}
