import type { Services } from '@morket/rpc';
import { createContextFactory } from '@morket/rpc/http';

/** The product's own context; the procedures measured here call no service. */
export const createContext = createContextFactory({ services: {} as Services });
