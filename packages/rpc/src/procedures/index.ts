export { errorsOf, keepsAnswer } from './failures.ts';
export { publicProcedure, userProcedure, workspaceProcedure } from './procedures.ts';
export { reauthorizing } from './reauthorize.ts';
