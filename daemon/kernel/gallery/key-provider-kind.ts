/** The kinds of sources of a gallery's key-encryption key (KEK). */
export const keyProviderKinds = ['secret', 'passphrase', 'tpm'] as const;
export type KeyProviderKind = (typeof keyProviderKinds)[number];
