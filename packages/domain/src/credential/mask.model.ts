const SHOWN = 4;
/** A key this short would be half told by its last four characters. */
const MIN_LENGTH_TO_SHOW = 12;

/** All that ever leaves of a key: its last four characters, or nothing where four would be too many. */
export function maskKey(key: string): string {
  const characters = [...key];
  return `••••${characters.length < MIN_LENGTH_TO_SHOW ? '' : characters.slice(-SHOWN).join('')}`;
}
