import { ApiKeyCreated, ApiKeyRotated } from '@morket/contract/api-key';
import {
  BalanceDepleted,
  BalanceLow,
  CeilingApproached,
  CeilingReached,
  RechargeActionRequired,
  RechargeBlocked,
  RechargeFailed,
} from '@morket/contract/billing';
import type { EventDefinition, StoredEvent } from '@morket/contract/events';
import { SubmissionAccepted } from '@morket/contract/form';
import { JobFailed } from '@morket/contract/job';
import { NOTIFICATION_TYPES, type NotificationType } from '@morket/contract/notification';
import type { Permission } from '@morket/contract/permissions';
import { WebhookEndpointDisabled } from '@morket/contract/webhook';
import { InvitationAccepted, MemberAdded, MemberRoleChanged } from '@morket/contract/workspace';
import type { z } from 'zod';

/** What one event means to people. */
export type News = {
  readonly type: NotificationType;
  /** The one person it is about; null: everybody who has `permission`. */
  readonly userId: string | null;
  readonly permission: Permission;
  readonly title: string;
  readonly body: string;
  /** What has the same key is the same news. */
  readonly dedupeKey: string;
};

type Told<Payload> = (payload: Payload) => {
  readonly title: string;
  readonly body?: string;
  readonly userId?: string;
};

type Options<Payload> = {
  /** What has such news once a day, however often it happens. */
  readonly dailyFor?: (payload: Payload) => string;
  /** In place of the permission of the type. */
  readonly permission?: Permission;
};

type Rule = { readonly name: string; read(event: StoredEvent): News };

function rule<Name extends string, Payload extends z.ZodObject>(
  type: NotificationType,
  definition: EventDefinition<Name, Payload>,
  tell: Told<z.output<Payload>>,
  options: Options<z.output<Payload>> = {},
): Rule {
  return {
    name: definition.eventName,
    read: (event) => {
      const payload = definition.payload.parse(event.payload);
      const { title, body = '', userId = null } = tell(payload);
      const entity = options.dailyFor?.(payload);
      const day = event.createdAt.toISOString().slice(0, 10);
      return {
        ...{ type, userId, title, body },
        permission: options.permission ?? NOTIFICATION_TYPES[type].permission,
        dedupeKey: entity === undefined ? event.id : `${event.name} ${entity} ${day}`,
      };
    },
  };
}

const credits = (count: number): string => `${count} ${count === 1 ? 'credit' : 'credits'}`;

const RULES: ReadonlyMap<string, Rule> = new Map(
  [
    rule('membership', MemberAdded, ({ userId, role }) => ({
      userId,
      title: 'You are a member now',
      body: `You were added to this workspace as ${role}.`,
    })),
    rule('membership', MemberRoleChanged, ({ userId, role, previousRole }) => ({
      userId,
      title: `You are ${role} now`,
      body: `Your role in this workspace was changed from ${previousRole} to ${role}.`,
    })),
    rule(
      'membership',
      InvitationAccepted,
      ({ role }) => ({ title: 'An invitation was accepted', body: `Somebody joined this workspace as ${role}.` }),
      { permission: 'member:manage' },
    ),
    rule('billing', BalanceLow, ({ available, threshold }) => ({
      title: 'Credits are running low',
      body: `${credits(available)} left; automatic recharge begins below ${threshold}.`,
    })),
    rule('billing', BalanceDepleted, () => ({
      title: 'There are no credits left',
      body: 'Nothing more can be spent until credits are added.',
    })),
    rule('billing', RechargeFailed, ({ reason, suspended }) => ({
      title: 'Automatic recharge failed',
      body: suspended
        ? `The payment failed (${reason}). No further one is tried until another payment method is set.`
        : `The payment failed (${reason}). It is tried again later.`,
    })),
    rule('billing', RechargeActionRequired, () => ({
      title: 'A payment waits for you',
      body: 'The bank wants the owner of the card to confirm a payment; see the recharges of this workspace.',
    })),
    rule('billing', RechargeBlocked, ({ reason }) => ({
      title: 'Automatic recharge is held back',
      body: `A limit stands in the way: ${reason}.`,
    })),
    rule('billing', CeilingApproached, ({ percent, spent, limit }) => ({
      title: `${percent} % of the monthly limit is used`,
      body: `Automatic recharge bought ${spent} of ${credits(limit)} allowed this month.`,
    })),
    rule('billing', CeilingReached, ({ limit }) => ({
      title: 'The monthly limit is reached',
      body: `Automatic recharge bought the ${credits(limit)} allowed this month and rests until the next.`,
    })),
    rule('security', ApiKeyCreated, ({ name }) => ({ title: 'An API key was made', body: `Its name is "${name}".` })),
    rule('security', ApiKeyRotated, ({ name }) => ({
      title: 'An API key was rotated',
      body: `Its name is "${name}".`,
    })),
    rule('webhooks', WebhookEndpointDisabled, ({ origin, reason }) => ({
      title: 'A webhook endpoint was disabled',
      body: `${origin} gets no more events: ${reason}.`,
    })),
    rule('jobs', JobFailed, ({ kind, error }) => ({ title: `A job failed: ${kind}`, body: error.message }), {
      dailyFor: ({ kind }) => kind,
    }),
    rule(
      'forms',
      SubmissionAccepted,
      () => ({ title: 'A form was sent in', body: 'It waits in the inbox of forms.' }),
      {
        dailyFor: ({ formId }) => formId,
      },
    ),
  ].map((one) => [one.name, one]),
);

/** The events that are news to somebody. */
export const NEWS_EVENTS: readonly string[] = [...RULES.keys()];

/** What an event means to people; null for one that is no news. */
export const newsOf = (event: StoredEvent): News | null => RULES.get(event.name)?.read(event) ?? null;
