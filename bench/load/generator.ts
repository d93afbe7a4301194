/** The process that makes the load, apart from the one that bears it. */
import { serveParent } from '../process/serve-parent.ts';
import { runHttpLoad } from './http-load.ts';

const handlers = { run: runHttpLoad };
export type GeneratorHandlers = typeof handlers;

serveParent(handlers);
