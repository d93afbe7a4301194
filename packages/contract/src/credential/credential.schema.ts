import { z } from 'zod';
import { Id, line, PageInput, pageOf, text } from '../primitives/index.ts';

const ProviderName = line(60).meta({ examples: ['hunter'] });
const SecretText = text(4096).min(1);
const ProviderKey = SecretText.meta({ examples: ['hk_live_51f0c3a97be24d'] });
const ProviderSecret = SecretText.meta({ examples: ['hs_9d2e77c1'] });

/** `maskedKey` is all that ever leaves of a key: at most its last four characters. */
export const Credential = z.object({
  id: Id,
  workspaceId: Id,
  providerName: z.string().meta({ examples: ['hunter'] }),
  maskedKey: z.string().meta({ examples: ['••••e24d'] }),
  hasSecret: z.boolean(),
  createdBy: Id,
  createdAt: z.date(),
  rotatedAt: z.date().nullable(),
});
export type Credential = z.infer<typeof Credential>;

export const StoreCredentialInput = z.object({
  providerName: ProviderName,
  key: ProviderKey,
  secret: ProviderSecret.optional(),
});
export type StoreCredentialInput = z.infer<typeof StoreCredentialInput>;

/** Without `secret` the new pair has none. */
export const RotateCredentialInput = z.object({
  credentialId: Id,
  key: ProviderKey,
  secret: ProviderSecret.optional(),
});
export type RotateCredentialInput = z.infer<typeof RotateCredentialInput>;

export const DeleteCredentialInput = z.object({ credentialId: Id });
export type DeleteCredentialInput = z.infer<typeof DeleteCredentialInput>;

export const ListCredentialsInput = PageInput;
export type ListCredentialsInput = z.infer<typeof ListCredentialsInput>;
export const CredentialPage = pageOf(Credential);
