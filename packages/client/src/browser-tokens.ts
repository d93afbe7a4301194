import { createQueue, type StoredTokens, type TokenStore } from './tokens.ts';

/**
 * Keeps tokens in `localStorage` for all tabs of an origin: one tab refreshes for all, and signing in or out shows in
 * all. Any script of the origin can read them. `name` separates several sessions of one origin.
 */
export function browserTokens({
  name = 'morket',
  storage = localStorage,
}: {
  name?: string;
  storage?: Storage;
} = {}): TokenStore {
  const channel = new BroadcastChannel(name);
  const inThisTab = createQueue();
  return {
    get() {
      try {
        return JSON.parse(storage.getItem(name) ?? 'null') as StoredTokens | null; // written below
      } catch {
        return null; // somebody else's text under our name
      }
    },
    set(tokens) {
      if (tokens) storage.setItem(name, JSON.stringify(tokens));
      else storage.removeItem(name);
      channel.postMessage(tokens);
    },
    // Pages that are not served securely have no locks. Two tabs may then refresh at once, under one key and to the
    // same end.
    exclusive: (work) => (navigator.locks ? navigator.locks.request(name, work) : inThisTab(work)),
    subscribe(listener) {
      // A channel's only event is the message, and ours hold what is posted above.
      const heard = (event: Event) => listener((event as MessageEvent).data as StoredTokens | null);
      channel.addEventListener('message', heard);
      return () => channel.removeEventListener('message', heard);
    },
  };
}
