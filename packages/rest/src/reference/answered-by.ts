import type { ProcedureInfo } from '@morket/rpc';
import { code } from './markdown.ts';

type Group = { readonly name: string; readonly has: (procedure: ProcedureInfo) => boolean };

/** From the widest to the narrowest. */
const GROUPS: readonly Group[] = [
  { name: 'every procedure', has: () => true },
  { name: 'every procedure that needs an access token', has: ({ access }) => access.kind !== 'public' },
  { name: 'every procedure of a workspace', has: ({ access }) => access.kind === 'workspace' },
];

/** Which procedures answer with a failure, groups by their name; null when only the transport does. */
export function answeredBy(errorCode: string, all: readonly ProcedureInfo[]): string | null {
  const answering = all.filter(({ errors }) => errors.some((definition) => definition.code === errorCode));
  if (answering.length === 0) return null;
  const group = GROUPS.find(({ has }) => all.filter(has).every((procedure) => answering.includes(procedure)));
  const others = answering.filter((procedure) => !group?.has(procedure)).map(({ path }) => code(path));
  return [...(group ? [group.name] : []), ...others].join(', ');
}
