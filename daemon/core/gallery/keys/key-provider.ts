import type { KeyProviderKind } from '../../../kernel/gallery/key-provider-kind.js';

/** Data, stored as JSON, from which a provider recovers its KEK. It contains no unencrypted secret. */
export interface KeySlotParameters {
  readonly [name: string]: string | number;
}

/** What the operator entered. The caller wipes it. */
export interface KeyInput {
  /** UTF-8. */
  readonly passphrase?: Uint8Array;
}

/** A new KEK (`KEY_BYTES` in guarded memory, which the caller wipes) and the parameters to store. */
export interface CreatedKey {
  readonly kek: Uint8Array;
  readonly parameters: KeySlotParameters;
}

/**
 * Why a provider cannot recover the KEK. The code is one of these, or that of another error (a secret that others can read, too
 * little memory, a directory that cannot be written):
 * - `key-missing`: the secret does not exist
 * - `wrong-key`: the secret belongs to another gallery
 * - `wrong-passphrase`
 * - `key-slot-damaged`: the parameters in the database were altered
 * - `tpm-missing`: this machine has no TPM, or this process may not use it; `tpm-tools-missing`
 * - `tpm-silent`: the TPM did not answer in time; another try may help
 * - `tpm-refused`: the TPM is another one, or was cleared
 */
export interface KeyRefusal {
  readonly outcome: 'refused';
  readonly code: string;
  /** Without secrets. */
  readonly message: string;
  readonly remedy: string;
}

export type KeyRecovery =
  /** `KEY_BYTES` in guarded memory. The caller wipes them. */
  | { readonly outcome: 'recovered'; readonly kek: Uint8Array }
  | { readonly outcome: 'passphrase-needed' }
  | KeyRefusal;

/** Creates and recovers the KEK of a gallery. */
export interface KeyProvider {
  readonly kind: KeyProviderKind;
  /** Names the source of the key in messages; never the secret. */
  readonly description: string;
  /**
   * A new KEK: the `first` of this provider (for a new gallery, or one with a KEK of another provider), or a replacement of a KEK of
   * this provider (`rotation`).
   * @throws `key-missing`, `key-next-missing`, `key-malformed`, `passphrase-needed`, `passphrase-refused`,
   *   `key-provider-busy`, `tpm-missing`, `tpm-tools-missing`, `tpm-silent`, `tpm-refused`, and what
   *   `openCredential` throws
   */
  create(purpose: 'first' | 'rotation', input: KeyInput): Promise<CreatedKey>;
  /**
   * The KEK with the public id `keyId`, from the parameters of `create`. Problems are returned as refusals, so that the caller can
   * try another key of the gallery. Throws only defects.
   */
  recover(keyId: string, parameters: KeySlotParameters, input: KeyInput): Promise<KeyRecovery>;
  /** Call it when `keyId` is the only key in force: after a rotation, and at every start without a rotation. */
  settle(keyId: string): Promise<void>;
}

/** Whether a provider can be used on this machine, for display. */
export interface KeyProviderReport {
  readonly kind: KeyProviderKind;
  readonly description: string;
  readonly isUsable: boolean;
  /** One sentence, without secrets. */
  readonly message: string;
  readonly remedy?: string;
}

/** A provider that can report its state without a gallery. */
export interface InspectableKeyProvider extends KeyProvider {
  /** Reports operational problems instead of throwing them. */
  inspect(): Promise<KeyProviderReport>;
}
