/**
 * Remembers which hashes have led to a key, and to which: only what was never seen to be one costs its address a call. Whether the key
 * still lives is not remembered here, and is read anew for each request. The one unused for longest gives way.
 */
export function createKnownKeys({ maxKeys }: { readonly maxKeys: number }) {
  const idByHash = new Map<string, string>();

  function remember(keyHash: string, apiKeyId: string): void {
    idByHash.delete(keyHash);
    const [unusedForLongest] = idByHash.keys();
    if (idByHash.size >= maxKeys && unusedForLongest !== undefined) idByHash.delete(unusedForLongest);
    idByHash.set(keyHash, apiKeyId);
  }

  return { find: (keyHash: string): string | null => idByHash.get(keyHash) ?? null, remember };
}
