import { PasswordProcess } from '../../host/password-process.js';
import { areEqual, KEY_BYTES, newRandomBytes, SALT_BYTES, wipe } from '../../host/sodium.js';
import { failure } from '../../words/errors.js';

/**
 * The cost of a password hash: 3 passes over 64 MiB, the second choice of RFC 9106 (section 4), for machines where memory is
 * short. An attacker who guesses must not take the processor from the cameras.
 */
export const passwordCost = { passes: 3, memoryBytes: 64 * 1024 * 1024 } as const;

/** No hash of this program costs more. A stored one that does is damaged, and would keep the process of the hashes busy for hours. */
const mostCost = { passes: 16, memoryBytes: 1024 * 1024 * 1024 } as const;

/** Checked or waiting at most. A caller beyond that is told to come back. */
const mostAtOnce = 10;
const retryAfterS = 5;

const passesBytes = 4;
const memoryBytesCount = 4;
const headerBytes = passesBytes + memoryBytesCount;
const storedBytes = headerBytes + SALT_BYTES + KEY_BYTES;
const mib = 1024 * 1024;

interface Cost {
  readonly passes: number;
  readonly memoryBytes: number;
}

/** The cost that a stored hash names. */
function costOf(stored: Uint8Array): Cost {
  const header = Buffer.from(stored.buffer, stored.byteOffset, headerBytes);
  return {
    passes: header.readUInt32LE(0),
    memoryBytes: header.readUInt32LE(passesBytes) * mib,
  };
}

const isAffordable = ({ passes, memoryBytes }: Cost): boolean =>
  passes <= mostCost.passes && memoryBytes <= mostCost.memoryBytes;

/** One for all accounts of this process. */
const hashes = new PasswordProcess();

/** Hashes passwords by Argon2id, one after the other, in a process that leaves the processor to the cameras. */
export class PasswordHasher {
  readonly #cost: Cost;
  #atOnce = 0;
  /** Costs the same as the hash of a user. */
  readonly #decoy: Uint8Array;

  constructor(cost: Cost = passwordCost) {
    this.#cost = cost;
    this.#decoy = Buffer.concat([this.#header(), newRandomBytes(SALT_BYTES), newRandomBytes(KEY_BYTES)]);
  }

  /** @throws `busy` */
  async hash(password: string): Promise<Uint8Array> {
    const salt = newRandomBytes(SALT_BYTES);
    const hash = await this.#run(password, salt, this.#cost);
    const stored = Buffer.concat([this.#header(), salt, hash]);
    wipe(hash);
    return stored;
  }

  /**
   * True if `stored` is the hash of the password. Without `stored` it does the same work and is false, so that the time does not
   * tell whether a user exists. @throws `busy`
   */
  async matches(password: string, stored: Uint8Array | undefined): Promise<boolean> {
    const isUsable = stored?.length === storedBytes && isAffordable(costOf(stored));
    const from = Buffer.from(isUsable ? stored : this.#decoy);
    const cost = costOf(from);
    const salt = from.subarray(headerBytes, headerBytes + SALT_BYTES);
    const hash = await this.#run(password, salt, cost);
    const isEqual = areEqual(hash, from.subarray(headerBytes + SALT_BYTES));
    wipe(hash);
    return isEqual && isUsable;
  }

  #header(): Buffer {
    const header = Buffer.alloc(headerBytes);
    header.writeUInt32LE(this.#cost.passes, 0);
    header.writeUInt32LE(Math.ceil(this.#cost.memoryBytes / mib), passesBytes);
    return header;
  }

  async #run(password: string, salt: Uint8Array, cost: Cost): Promise<Uint8Array> {
    if (this.#atOnce >= mostAtOnce) {
      throw failure('busy:passwords', {}, { details: { retryAfterS }, retryable: true });
    }
    this.#atOnce += 1;
    const bytes = Buffer.from(password, 'utf8');
    try {
      return await hashes.hash({ passphrase: bytes, salt, cost });
    } finally {
      wipe(bytes);
      this.#atOnce -= 1;
    }
  }
}
