import sodium from 'sodium-native';
import { defect } from '../base/errors.js';
import { bufferView } from './buffer-view.js';
import { secretBytes, wipe } from './sodium.js';

// The published types describe an older binding, in which the state was an object of its own and tags were buffers.
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

/** Bytes of what begins a stream; needed to read it, not secret. */
export const STREAM_HEADER_BYTES = 24;
/** How much longer a ciphertext is than its message. */
export const STREAM_OVERHEAD_BYTES = 17;

/**
 * What a message says about its place: one of many, the last of a group, one after which the key moves on, the last of
 * all. Encrypted and authenticated with the message. A stream without a `final` message was cut short.
 */
export type StreamTag = 'message' | 'push' | 'rekey' | 'final';

const tagNumbers: Readonly<Record<StreamTag, number>> = { message: 0, push: 1, rekey: 2, final: 3 };
const tagNames: readonly StreamTag[] = ['message', 'push', 'rekey', 'final'];

/** Encrypts messages in order (crypto_secretstream_xchacha20poly1305). Disposal wipes the state. */
export interface PushStream extends Disposable {
  /** `STREAM_HEADER_BYTES`, to be handed to the reader. */
  readonly header: Uint8Array;
  /** Fills `target`, `message.length + STREAM_OVERHEAD_BYTES` long. Nothing may follow `final`. */
  push(target: Uint8Array, message: Uint8Array, associatedData: Uint8Array, tag: StreamTag): void;
}

/** Decrypts the messages of a `PushStream` in the same order. Disposal wipes the state. */
export interface PullStream extends Disposable {
  /**
   * Fills `target`, `ciphertext.length - STREAM_OVERHEAD_BYTES` long. Undefined, with nothing written, where the ciphertext
   * is not the next one of this stream under this key and associated data.
   */
  pull(target: Uint8Array, ciphertext: Uint8Array, associatedData: Uint8Array): StreamTag | undefined;
}

/** Begins a stream under `key` (32 bytes), which may be wiped afterwards. */
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
        tagNumbers[tag],
      );
    },
    [Symbol.dispose]() {
      isEnded = true;
      wipe(state);
    },
  };
}

/** Reads the stream that began with `header` under `key` (32 bytes), which may be wiped afterwards. */
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
        // The binding's word for a message that does not fit; wrong sizes are reported otherwise and are mistakes of ours.
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

/** Holds the key of the stream, so it lies where keys lie. */
function streamState(): Buffer {
  return bufferView(secretBytes(sodium.crypto_secretstream_xchacha20poly1305_STATEBYTES));
}

function refuseEnded(isEnded: boolean): void {
  if (isEnded) throw defect('stream-ended', 'a message was asked of a stream that has ended');
}
