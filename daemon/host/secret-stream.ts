import sodium from 'sodium-native';
import { defect } from '../kernel/errors.js';
import { bufferView } from './buffer-view.js';
import { secretBytes, wipe } from './sodium.js';

// The published types describe an older binding with another state and other tags.
declare module 'sodium-native' {
  const crypto_secretstream_xchacha20poly1305_STATEBYTES: number;
  function crypto_secretstream_xchacha20poly1305_init_push(state: Buffer, header: Buffer, key: Buffer): void;
  function crypto_secretstream_xchacha20poly1305_init_pull(state: Buffer, header: Buffer, key: Buffer): void;
  function crypto_secretstream_xchacha20poly1305_push(
    state: Buffer,
    ciphertext: Buffer,
    message: Buffer,
    associatedData: Buffer | null,
    tag: number,
  ): void;
  function crypto_secretstream_xchacha20poly1305_pull(
    state: Buffer,
    message: Buffer,
    tag: Buffer,
    ciphertext: Buffer,
    associatedData: Buffer | null,
  ): void;
}

/** Bytes of a stream's header. The reader needs it; it is not secret. */
export const STREAM_HEADER_BYTES = 24;
/** Bytes that encryption adds to a message. */
export const STREAM_OVERHEAD_BYTES = 17;

/**
 * The role of a message: `message` is an ordinary one, `push` ends a group, `rekey` changes the key after it, `final` ends the
 * stream. The tag is encrypted and authenticated with the message. A stream without `final` was truncated.
 */
export type StreamTag = (typeof tagNames)[number];

/** Libsodium numbers them in this order, from 0. */
const tagNames = ['message', 'push', 'rekey', 'final'] as const;

/** Encrypts messages in order (crypto_secretstream_xchacha20poly1305). Disposal wipes the state. */
export interface PushStream extends Disposable {
  /** `STREAM_HEADER_BYTES` for the reader. */
  readonly header: Uint8Array;
  /** Encrypts into `target`, which is `message.length + STREAM_OVERHEAD_BYTES` long. No message may follow `final`. */
  push(target: Uint8Array, message: Uint8Array, associatedData: Uint8Array, tag: StreamTag): void;
}

/** Decrypts the messages of a `PushStream` in the same order. Disposal wipes the state. */
export interface PullStream extends Disposable {
  /**
   * Decrypts into `target`, which is `ciphertext.length - STREAM_OVERHEAD_BYTES` long. Returns undefined and writes nothing
   * where the ciphertext is not the next one of this stream, or key or associated data are wrong.
   */
  pull(target: Uint8Array, ciphertext: Uint8Array, associatedData: Uint8Array): StreamTag | undefined;
}

/** Begins a stream with `key` (32 bytes); the caller may wipe the key afterwards. */
export function openPushStream(key: Uint8Array): PushStream {
  const state = streamState();
  const header = Buffer.alloc(STREAM_HEADER_BYTES);
  sodium.crypto_secretstream_xchacha20poly1305_init_push(state, header, bufferView(key));
  let isEnded = false;
  return {
    header,
    push(target, message, associatedData, tag) {
      refuseEnded(isEnded);
      isEnded = tag === 'final';
      sodium.crypto_secretstream_xchacha20poly1305_push(
        state,
        bufferView(target),
        bufferView(message),
        bufferView(associatedData),
        tagNames.indexOf(tag),
      );
    },
    [Symbol.dispose]() {
      isEnded = true;
      wipe(state);
    },
  };
}

/** Reads the stream with `header` and `key` (32 bytes); the caller may wipe the key afterwards. */
export function openPullStream(header: Uint8Array, key: Uint8Array): PullStream {
  const state = streamState();
  sodium.crypto_secretstream_xchacha20poly1305_init_pull(state, bufferView(header), bufferView(key));
  const tagByte = Buffer.alloc(1);
  let isEnded = false;
  return {
    pull(target, ciphertext, associatedData) {
      refuseEnded(isEnded);
      if (ciphertext.length < STREAM_OVERHEAD_BYTES) return undefined;
      try {
        sodium.crypto_secretstream_xchacha20poly1305_pull(
          state,
          bufferView(target),
          tagByte,
          bufferView(ciphertext),
          bufferView(associatedData),
        );
      } catch (error) {
        // The binding's message for failed authentication. Other errors are defects of the program, such as wrong sizes.
        if (error instanceof Error && error.message === 'pull failed') return undefined;
        throw error;
      }
      const tag = tagNames[tagByte.readUInt8(0)];
      isEnded = tag === 'final';
      return tag;
    },
    [Symbol.dispose]() {
      isEnded = true;
      wipe(state);
    },
  };
}

/** The state contains the key of the stream, so it needs guarded memory. */
function streamState(): Buffer {
  return bufferView(secretBytes(sodium.crypto_secretstream_xchacha20poly1305_STATEBYTES));
}

function refuseEnded(isEnded: boolean): void {
  if (isEnded) throw defect('stream-ended', 'the stream has ended and cannot process another message');
}
