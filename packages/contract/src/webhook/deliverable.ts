/** What happens to webhooks would feed on itself, and what happens to somebody's account belongs to no workspace. */
const NEVER = ['webhook.', 'auth.'];

/** Whether events of this name go to the webhook endpoints that ask for them. */
export const isDeliverable = (eventName: string): boolean => !NEVER.some((domain) => eventName.startsWith(domain));
