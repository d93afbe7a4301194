/**
 * Joins fields unambiguously, each behind its length in four bytes: plain concatenation would let one field's end pass for
 * the next one's beginning.
 */
export function lengthPrefixed(...fields: readonly (string | number)[]): Buffer {
  const parts = fields.flatMap((field) => {
    const bytes = Buffer.from(String(field), 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  });
  return Buffer.concat(parts);
}
