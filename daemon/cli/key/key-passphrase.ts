import type { Readable, Writable } from 'node:stream';
import { badInput, operational } from '../../base/errors.js';
import { areEqual, wipe } from '../../host/sodium.js';

/** Where a passphrase is typed: standard input, with the question on standard error. */
export interface PassphraseTerminal {
  readonly input: Readable & { readonly isTTY?: boolean; setRawMode?(isRaw: boolean): unknown };
  readonly output: Writable;
}

const ownTerminal: PassphraseTerminal = { input: process.stdin, output: process.stderr };

/** More than the longest passphrase that a gallery takes. */
const MOST_BYTES = 2048;

const RETURN = 0x0d;
const LINE_FEED = 0x0a;
const INTERRUPT = 0x03;
const END_OF_INPUT = 0x04;
const BACKSPACES: readonly number[] = [0x08, 0x7f];

/** A passphrase that is being typed, in memory that does not move. */
class TypedBytes {
  readonly #bytes = Buffer.alloc(MOST_BYTES);
  #length = 0;

  push(byte: number): void {
    if (this.#length === MOST_BYTES) throw tooLong();
    this.#bytes[this.#length] = byte;
    this.#length += 1;
  }

  /** Takes back one character: bytes that continue one are 10xxxxxx (RFC 3629). */
  pop(): void {
    let isContinuation = true;
    while (this.#length > 0 && isContinuation) {
      this.#length -= 1;
      isContinuation = ((this.#bytes[this.#length] ?? 0) & 0xc0) === 0x80;
    }
  }

  /** The bytes so far; nothing is left here. */
  take(): Buffer {
    const taken = Buffer.from(this.#bytes.subarray(0, this.#length));
    wipe(this.#bytes);
    return taken;
  }
}

/**
 * A passphrase, UTF-8, from the terminal without showing it; where standard input is none, everything that comes from it
 * but for a line end. Never from arguments or the environment, which others on the machine can read. The caller wipes it.
 * @throws `passphrase-needed`, `passphrase-too-long` (input), `not-confirmed` where it was broken off
 */
export async function readPassphrase(
  question: string,
  terminal: PassphraseTerminal = ownTerminal,
  what = 'passphrase',
): Promise<Buffer> {
  const passphrase =
    terminal.input.isTTY === true ? await readTyped(question, terminal) : await readAll(terminal.input);
  if (passphrase.length > 0) return passphrase;
  throw badInput('passphrase-needed', `no ${what} was given`, {
    remedy: 'type it, or hand it over on standard input',
  });
}

/** One that is chosen now: asked for twice on a terminal, where nobody sees what they type. */
export async function readNewPassphrase(terminal: PassphraseTerminal = ownTerminal): Promise<Buffer> {
  const passphrase = await readPassphrase('New passphrase: ', terminal);
  if (terminal.input.isTTY !== true) return passphrase;
  const again = await readPassphrase('The same again: ', terminal);
  const isSame = areEqual(passphrase, again);
  wipe(again);
  if (isSame) return passphrase;
  wipe(passphrase);
  throw badInput('passphrases-differ', 'the two passphrases are not the same', {
    remedy: 'run the command again',
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
    const onEnd = (): void => end(() => reject(brokenOff()));
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

/** Whether the line is at its end. @throws `not-confirmed`, `passphrase-too-long` */
function takeKeys(chunk: Buffer, typed: TypedBytes): boolean {
  for (const byte of chunk) {
    if (byte === RETURN || byte === LINE_FEED) return true;
    if (byte === INTERRUPT || byte === END_OF_INPUT) throw brokenOff();
    if (BACKSPACES.includes(byte)) typed.pop();
    else typed.push(byte);
  }
  return false;
}

function brokenOff() {
  return operational('not-confirmed', 'nothing was done: no passphrase was typed');
}

function tooLong() {
  return badInput('passphrase-too-long', `a passphrase has at most ${MOST_BYTES} bytes here`, {
    remedy: 'choose a shorter one; six random words are enough',
  });
}
