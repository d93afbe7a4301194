import { type AppRouter, transformer } from '@morket/client';
import { createTRPCClient, httpBatchLink } from '@trpc/client';

const raw = createTRPCClient<AppRouter>({
  links: [httpBatchLink({ url: 'https://api.example.com/trpc', transformer, maxItems: 10 })],
});

export const since = async (): Promise<Date> => (await raw.auth.me.query()).createdAt;
