import { errorReference } from './error-reference.ts';
import { permissionReference } from './permission-reference.ts';

/** The pages this package makes from the contract and the router; paths are relative to the repository root. */
export async function generatedDocuments(): Promise<{ path: string; text: string }[]> {
  return [
    { path: 'docs/errors.md', text: errorReference() },
    { path: 'docs/permissions.md', text: permissionReference() },
  ];
}
