import { type ProcedureInfo, procedures } from '@morket/rpc';
import { z } from 'zod';
import { type Operation, operationOf } from '../src/operation.ts';

/** A procedure that is on no router. */
export const aProcedure = (given: Partial<ProcedureInfo>): ProcedureInfo => ({
  path: 'thing.do',
  type: 'mutation',
  access: { kind: 'user' },
  rest: { method: 'POST', path: '/things' },
  summary: 'Do a thing',
  keepsAnswer: true,
  readsKey: true,
  errors: [],
  inputs: [],
  output: z.null(),
  ...given,
});

/** The operation of a procedure that is on no router. */
export function anOperation(given: Partial<ProcedureInfo>): Operation {
  const operation = operationOf(aProcedure(given));
  if (!operation) throw new Error('This procedure has no route.');
  return operation;
}

/** The operation of a procedure of the router. */
export function operationNamed(path: string): Operation {
  const procedure = procedures().find((one) => one.path === path);
  if (!procedure) throw new Error(`There is no procedure ${path}.`);
  return anOperation(procedure);
}
