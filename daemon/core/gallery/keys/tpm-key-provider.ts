import { fillRandomly, KEY_BYTES, secretBytes, wipe } from '../../../host/sodium.js';
import { MOST_TPM_PART_BYTES, type SealedByTpm, TPM_NAME_BYTES, type Tpm } from '../../../host/tpm.js';
import { isRollcallError, messageOf, RollcallError } from '../../../kernel/errors.js';
import { keyIdOf } from './key-id.js';
import type {
  CreatedKey,
  InspectableKeyProvider,
  KeyProviderReport,
  KeyRecovery,
  KeySlotParameters,
} from './key-provider.js';
import { refusedBy, slotDamaged, wrongKey } from './refusals.js';
import { slotBytes, toSlotText } from './slot-bytes.js';
import { WaitingLine } from './waiting-line.js';

const mostWaiting = 8;

/** A random KEK, sealed by the TPM of this machine and stored in the gallery: the disk alone does not open it. */
export class TpmKeyProvider implements InspectableKeyProvider {
  readonly kind = 'tpm';
  readonly #tpm: Tpm;
  readonly #line = new WaitingLine(mostWaiting);

  constructor(tpm: Tpm) {
    this.#tpm = tpm;
  }

  get description(): string {
    return `the TPM at ${this.#tpm.tcti}`;
  }

  async create(): Promise<CreatedKey> {
    const kek = secretBytes(KEY_BYTES);
    fillRandomly(kek);
    try {
      const sealed = await this.#line.run(() => this.#tpm.seal(kek));
      const parameters = {
        parentName: toSlotText(sealed.parentName),
        publicPart: toSlotText(sealed.publicPart),
        privatePart: toSlotText(sealed.privatePart),
      };
      return { kek, parameters };
    } catch (error) {
      wipe(kek);
      throw error;
    }
  }

  async recover(keyId: string, parameters: KeySlotParameters): Promise<KeyRecovery> {
    const sealed = readSlot(parameters);
    if (sealed === undefined) return slotDamaged(this.kind);
    try {
      return this.#checked(keyId, await this.#line.run(() => this.#tpm.unseal(sealed)));
    } catch (error) {
      return isRollcallError(error, 'tpm-blob-damaged') ? slotDamaged(this.kind) : refusedBy(error);
    }
  }

  async settle(): Promise<void> {
    // Nothing to do: the TPM stores nothing, and the gallery itself deletes the old slot.
  }

  async inspect(): Promise<KeyProviderReport> {
    const about = { kind: this.kind, description: this.description } as const;
    try {
      const { manufacturer } = await this.#line.run(() => this.#tpm.inspect());
      return { ...about, isUsable: true, message: `a TPM 2.0 (${manufacturer}) answers` };
    } catch (error) {
      if (!(error instanceof RollcallError)) throw error;
      const remedy = error.remedy === undefined ? {} : { remedy: error.remedy };
      return { ...about, isUsable: false, message: messageOf(error), ...remedy };
    }
  }

  #checked(keyId: string, unsealed: Uint8Array): KeyRecovery {
    try {
      if (unsealed.length !== KEY_BYTES) return slotDamaged(this.kind);
      const foundId = keyIdOf(unsealed);
      if (foundId !== keyId) return wrongKey(this.description, keyId, [foundId]);
      const kek = secretBytes(KEY_BYTES);
      kek.set(unsealed);
      return { outcome: 'recovered', kek };
    } finally {
      wipe(unsealed);
    }
  }
}

function readSlot(parameters: KeySlotParameters): SealedByTpm | undefined {
  const parentName = slotBytes(parameters, 'parentName', TPM_NAME_BYTES);
  const publicPart = slotBytes(parameters, 'publicPart', 1, MOST_TPM_PART_BYTES);
  const privatePart = slotBytes(parameters, 'privatePart', 1, MOST_TPM_PART_BYTES);
  if (parentName === undefined || publicPart === undefined || privatePart === undefined) return undefined;
  return { parentName, publicPart, privatePart };
}
