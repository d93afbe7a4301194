import { createMorket } from '@morket/client';

const morket = createMorket({ url: 'https://api.example.com' });
export const answer = morket.workspace.create.mutate({ name: 42 });
