import crypto from 'node:crypto';
import { open } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import sodium from 'sodium-native';

/** Bytes that were secret, and where the program took the memory for them. */
interface Taken {
  readonly bytes: Uint8Array;
  readonly stack: string;
}

export interface SecretWatch extends Disposable {
  /** How many secrets the program has held so far. */
  readonly count: number;
  /** Those that are not overwritten with zeros: where the program took their memory. */
  unwiped(): readonly string[];
}

const keyBytes = 32;
/** What fills memory of sodium that nothing was written to. */
const untouched = 0xdb;
/** Code that reads and writes public data that are kept like a secret. */
const ofPublicThings = /(?:read|write)IdentityState|readInstalledKey|installKey/;

const isWiped = (bytes: Uint8Array): boolean =>
  bytes.every((byte) => byte === 0) || bytes.every((byte) => byte === untouched);

/** What an open file is made from, and how two of its methods are called here. */
interface FilePrototype {
  read: (bytes: Uint8Array, ...rest: unknown[]) => unknown;
  writeFile: (bytes: Uint8Array, ...rest: unknown[]) => unknown;
}

async function filePrototype(): Promise<FilePrototype> {
  await using file = await open('/dev/null');
  return Object.getPrototypeOf(file) as FilePrototype;
}

/**
 * From now on sees every piece of memory that a secret goes through: what sodium allocates, keys that are made or
 * unwrapped, what is decrypted otherwise, and what is read from and written to files of secrets. What the tests
 * themselves make does not count. Stacks tell these apart by their sources, so that a file with this needs source maps.
 */
export async function watchSecrets(): Promise<SecretWatch> {
  const taken: Taken[] = [];
  const stackNow = (): readonly string[] =>
    (new Error().stack ?? '')
      .split('\n')
      .filter((line) => /\bat\b/.test(line) && !line.includes('secret-memory'));
  const note = (bytes: Uint8Array): void => {
    const stack = stackNow();
    if (stack.some((line) => ofPublicThings.test(line))) return;
    const user = stack.find((line) => !/daemon\/host\/|node:|gallery\/sealing/.test(line)) ?? '';
    if (bytes.length > 0 && !user.includes('/test/')) taken.push({ bytes, stack: stack.join('\n') });
  };
  const files = await filePrototype();
  const { read, writeFile } = files;
  const noteFile = (bytes: Uint8Array): void => {
    if (stackNow().some((line) => /daemon\/host\/(?:credentials|key-file)/.test(line))) note(bytes);
  };
  files.read = function (bytes, ...rest) {
    noteFile(bytes);
    return read.call(this, bytes, ...rest);
  };
  files.writeFile = function (bytes, ...rest) {
    noteFile(bytes);
    return writeFile.call(this, bytes, ...rest);
  };
  const { sodium_malloc: malloc, crypto_aead_xchacha20poly1305_ietf_decrypt: decrypt } = sodium;
  const { randomFillSync } = crypto;
  sodium.sodium_malloc = (size) => {
    const bytes = malloc(size);
    note(bytes);
    return bytes;
  };
  sodium.crypto_aead_xchacha20poly1305_ietf_decrypt = (plaintext, ...rest) => {
    const size = decrypt(plaintext, ...rest);
    note(plaintext);
    return size;
  };
  crypto.randomFillSync = ((bytes: Uint8Array) => {
    randomFillSync(bytes);
    if (bytes.length === keyBytes) note(bytes);
    return bytes;
  }) as typeof randomFillSync;
  syncBuiltinESMExports();
  return {
    get count() {
      return taken.length;
    },
    unwiped: () => taken.filter(({ bytes }) => !isWiped(bytes)).map(({ stack }) => stack),
    [Symbol.dispose]() {
      Object.assign(sodium, { sodium_malloc: malloc, crypto_aead_xchacha20poly1305_ietf_decrypt: decrypt });
      crypto.randomFillSync = randomFillSync;
      Object.assign(files, { read, writeFile });
      syncBuiltinESMExports();
    },
  };
}
