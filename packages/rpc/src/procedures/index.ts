export { errorsOf } from './failures.ts';
export { publicProcedure, userProcedure, workspaceProcedure } from './procedures.ts';
