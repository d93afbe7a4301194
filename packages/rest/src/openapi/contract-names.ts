import * as apiKey from '@morket/contract/api-key';
import * as audit from '@morket/contract/audit';
import * as auth from '@morket/contract/auth';
import * as billing from '@morket/contract/billing';
import * as credential from '@morket/contract/credential';
import { DeadLetter, DeadLetterPage, DeadLetterState, RetriedDeadLetter } from '@morket/contract/events';
import * as form from '@morket/contract/form';
import * as health from '@morket/contract/health';
import * as job from '@morket/contract/job';
import * as notification from '@morket/contract/notification';
import { Role } from '@morket/contract/permissions';
import * as plan from '@morket/contract/plan';
import * as webhook from '@morket/contract/webhook';
import * as workspace from '@morket/contract/workspace';
import { z } from 'zod';

/** Objects and enums get a name of their own in the document; of a lone string its place says enough. */
const isNamed = (value: unknown): value is z.ZodType => value instanceof z.ZodObject || value instanceof z.ZodEnum;

/** The contract's own names for its schemas, so that generated clients speak of a `Workspace` as ours does. */
const NAMES: ReadonlyMap<z.core.$ZodType, string> = new Map(
  Object.entries({
    ...apiKey,
    ...audit,
    ...auth,
    ...plan,
    ...billing,
    ...credential,
    ...form,
    ...job,
    ...notification,
    ...health,
    ...webhook,
    ...workspace,
    DeadLetter,
    DeadLetterPage,
    DeadLetterState,
    RetriedDeadLetter,
    Role,
  }).flatMap(([name, value]) => (isNamed(value) ? [[value, name] as const] : [])),
);

/** The name under which the contract exports a schema; undefined for one it does not. */
export const contractName = (schema: z.core.$ZodType): string | undefined => NAMES.get(schema);
