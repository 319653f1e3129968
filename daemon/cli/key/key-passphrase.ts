import type { Readable, Writable } from 'node:stream';
import { areEqual, wipe } from '../../host/sodium.js';
import { badInput, operational } from '../../kernel/errors.js';

/** Where a passphrase is typed. The question goes to standard error. */
export interface PassphraseTerminal {
  readonly input: Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  readonly output: Writable;
}

const ownTerminal: PassphraseTerminal = { input: process.stdin, output: process.stderr };

/** Longer than any passphrase that a gallery accepts. */
const MOST_BYTES = 2048;

const RETURN = 0x0d;
const LINE_FEED = 0x0a;
const INTERRUPT = 0x03;
const END_OF_INPUT = 0x04;
const BACKSPACES: readonly number[] = [0x08, 0x7f];

/** A passphrase under input, in a fixed buffer that can be wiped. */
class TypedBytes {
  readonly #bytes = Buffer.alloc(MOST_BYTES);
  #length = 0;

  push(byte: number): void {
    if (this.#length === MOST_BYTES) throw tooLong();
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }

  /** Removes one character. Continuation bytes of UTF-8 are 10xxxxxx (RFC 3629). */
  pop(): void {
    let isContinuation = true;
    while (this.#length > 0 && isContinuation) {
      this.#length -= 1;
      isContinuation = ((this.#bytes[this.#length] ?? 0) & 0xc0) === 0x80;
    }
  }

  /** Returns the bytes and wipes the buffer. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    wipe(this.#bytes);
    return taken;
  }
}

/**
 * Reads a passphrase (UTF-8): from the terminal without showing it, or all of standard input without the last line end.
 * Arguments and environment variables are not used, because other users can read them. The caller wipes the result.
 * @throws `passphrase-needed`, `passphrase-too-long` (input), `not-confirmed` on Ctrl-C or Ctrl-D
 */
export async function readPassphrase(
  question: string,
  terminal: PassphraseTerminal = ownTerminal,
  what = 'passphrase',
): Promise<Buffer> {
  const passphrase =
    terminal.input.isTTY === true ? await readTyped(question, terminal) : await readAll(terminal.input);
  if (passphrase.length > 0) return passphrase;
  throw badInput('passphrase-needed', `the ${what} is empty`, {
    remedy: `Type the ${what}, or send it on standard input.`,
  });
}

/** Wipes a secret after its use. */
export async function wipeAfter<Secret extends Uint8Array | undefined, Result>(
  secret: Secret,
  use: (secret: Secret) => Promise<Result>,
): Promise<Result> {
  try {
    return await use(secret);
  } finally {
    if (secret !== undefined) wipe(secret);
  }
}

/** Reads a new passphrase. Asks twice on a terminal, because the typed characters are not shown. */
export async function readNewPassphrase(terminal: PassphraseTerminal = ownTerminal): Promise<Buffer> {
  const passphrase = await readPassphrase('New passphrase: ', terminal);
  if (terminal.input.isTTY !== true) return passphrase;
  const again = await readPassphrase('Repeat the passphrase: ', terminal);
  const isSame = areEqual(passphrase, again);
  wipe(again);
  if (isSame) return passphrase;
  wipe(passphrase);
  throw badInput('passphrases-differ', 'the two passphrases are different', {
    remedy: 'Run the command again.',
  });
}

async function readAll(input: Readable): Promise<Buffer> {
  const typed = new TypedBytes();
  for await (const chunk of input) {
    const bytes = chunk as Buffer;
    for (const byte of bytes) typed.push(byte);
    wipe(bytes);
  }
  const all = typed.take();
  let end = all.length;
  if (all[end - 1] === LINE_FEED) end -= 1;
  if (all[end - 1] === RETURN) end -= 1;
  return all.subarray(0, end);
}

function readTyped(question: string, { input, output }: PassphraseTerminal): Promise<Buffer> {
  const typed = new TypedBytes();
  output.write(question);
  input.setRawMode?.(true);
  return new Promise<Buffer>((resolve, reject) => {
    const end = (settle: () => void): void => {
      input.off('data', onData);
      input.off('end', onEnd);
      input.setRawMode?.(false);
      input.pause();
      output.write('\n');
      settle();
    };
    const onEnd = (): void => end(() => reject(cancelled()));
    const onData = (chunk: Buffer): void => {
      try {
        const isDone = takeKeys(chunk, typed);
        if (isDone) end(() => resolve(typed.take()));
      } catch (error) {
        wipe(typed.take());
        end(() => reject(error));
      } finally {
        wipe(chunk);
      }
    };
    input.on('data', onData);
    input.on('end', onEnd);
    input.resume();
  });
}

/** Returns true at the end of the line. @throws `not-confirmed`, `passphrase-too-long` */
function takeKeys(chunk: Buffer, typed: TypedBytes): boolean {
  for (const byte of chunk) {
    if (byte === RETURN || byte === LINE_FEED) return true;
    if (byte === INTERRUPT || byte === END_OF_INPUT) throw cancelled();
    if (BACKSPACES.includes(byte)) typed.pop();
    else typed.push(byte);
  }
  return false;
}

function cancelled() {
  return operational('not-confirmed', 'nothing was changed: the input was cancelled');
}

function tooLong() {
  return badInput('passphrase-too-long', `the passphrase is longer than ${MOST_BYTES} bytes`, {
    remedy: 'Choose a shorter passphrase; six random words are enough.',
  });
}
