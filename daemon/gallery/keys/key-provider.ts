/** Where a gallery's key-encryption key (KEK) comes from. */
export type KeyProviderKind = 'secret' | 'passphrase' | 'tpm';

/** What a gallery keeps of a KEK so that its provider can give it again, as JSON. No secret in clear. */
export interface KeySlotParameters {
  readonly [name: string]: string | number;
}

/** What a person has to add. The caller wipes it. */
export interface KeyInput {
  /** UTF-8. */
  readonly passphrase?: Uint8Array;
}

/** A new KEK of `KEY_BYTES` in memory made by `secretBytes`, which the caller wipes, and what to keep of it. */
export interface CreatedKey {
  readonly kek: Uint8Array;
  readonly parameters: KeySlotParameters;
}

/**
 * Why a provider has no KEK to give now. The code is one of these, or that of an error on the way (a secret open to
 * others, memory that cannot be had, a TPM's directory that cannot be written):
 * - `key-missing`: there is no secret where the provider looks
 * - `wrong-key`: there is one, and it is another gallery's
 * - `wrong-passphrase`
 * - `key-slot-damaged`: the parameters in the database are not what this provider wrote
 * - `tpm-missing`: this machine has no TPM, or this process may not use it; `tpm-tools-missing`
 * - `tpm-silent`: there is a TPM that gave no answer in time; asking again may help
 * - `tpm-refused`: the TPM is another one, or was cleared since
 */
export interface KeyRefusal {
  readonly outcome: 'refused';
  readonly code: string;
  /** Without secrets. */
  readonly message: string;
  readonly remedy: string;
}

export type KeyRecovery =
  /** `KEY_BYTES` in memory made by `secretBytes`; the caller wipes them. */
  | { readonly outcome: 'recovered'; readonly kek: Uint8Array }
  | { readonly outcome: 'passphrase-needed' }
  | KeyRefusal;

/** Gives the key that wraps the data keys of one gallery. */
export interface KeyProvider {
  readonly kind: KeyProviderKind;
  /** Says where it looks, for messages; never the secret. */
  readonly description: string;
  /**
   * A KEK that the gallery has not yet: the `first` of this provider (a new gallery, or one whose KEK came from
   * another provider), or one to replace a KEK of this provider (`rotation`).
   * @throws `key-missing`, `key-next-missing`, `key-malformed`, `passphrase-needed`, `passphrase-refused`,
   *   `key-provider-busy`, `tpm-missing`, `tpm-tools-missing`, `tpm-silent`, `tpm-refused`, and what
   *   `openCredential` throws
   */
  create(purpose: 'first' | 'rotation', input: KeyInput): Promise<CreatedKey>;
  /**
   * The KEK whose public id is `keyId`, from what `create` said to keep. Whatever is in the way is a refusal, so that
   * another key of the gallery can be tried; only defects are thrown.
   */
  recover(keyId: string, parameters: KeySlotParameters, input: KeyInput): Promise<KeyRecovery>;
  /** Called when `keyId` is the only key in force: after a rotation, and at every start without one. */
  settle(keyId: string): Promise<void>;
}

/** Whether a provider can be used on this machine, for people. */
export interface KeyProviderReport {
  readonly kind: KeyProviderKind;
  readonly description: string;
  readonly isUsable: boolean;
  /** What was found, in a sentence without secrets. */
  readonly message: string;
  readonly remedy?: string;
}

/** A provider that can say how it stands without touching a gallery. */
export interface InspectableKeyProvider extends KeyProvider {
  /** Never throws for what a person has to mend. */
  inspect(): Promise<KeyProviderReport>;
}
