import { Redis } from 'ioredis';
import type { RateLimitStore } from './rate-limit.store.ts';

/** Redis runs a script alone, so check and count are one step; its own clock decides. */
const TAKE = `
local window, limit, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local index = math.floor(now / window)
local elapsed = now / window - index
local current_key, previous_key = KEYS[1] .. index, KEYS[1] .. (index - 1)
local previous = tonumber(redis.call('GET', previous_key) or '0')
local current = tonumber(redis.call('GET', current_key) or '0')
local taken = 0
if previous * (1 - elapsed) + current + cost <= limit then
  taken = 1
  current = redis.call('INCRBY', current_key, cost)
  redis.call('EXPIRE', current_key, window * 2)
end
return { taken, previous, current, tostring(elapsed) }`;

/** Counters in Redis. `close` ends its connection. */
export function createRedisStore(url: string): RateLimitStore & { close(): Promise<void> } {
  const redis = new Redis(url, { maxRetriesPerRequest: 1, connectTimeout: 2_000, commandTimeout: 1_000 });
  // Each failed command rejects on its own; the event would end the process if nobody listened.
  redis.on('error', () => undefined);
  return {
    async take(key, { limit, windowSeconds, cost }) {
      // `{…}` keeps both windows of a key on one node of a cluster. The script gives an array of these four.
      const reply = (await redis.eval(TAKE, 1, `morket:rl:{${key.toString('hex')}}:`, windowSeconds, limit, cost)) as [
        number,
        number,
        number,
        string,
      ];
      const [taken, previous, current, elapsed] = reply;
      return { taken: taken === 1, counts: { previous, current, elapsed: Number(elapsed) } };
    },
    async close() {
      redis.disconnect();
    },
  };
}
