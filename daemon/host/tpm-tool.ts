import { spawn } from 'node:child_process';
import type { Clock } from '../base/clock.js';

/** How one program of tpm2-tools ended. */
export type TpmToolRun =
  /** What it wrote; the caller wipes it where it is secret. */
  | { readonly ended: 'well'; readonly output: Uint8Array }
  /** `complaint` is its own word, without secrets: these programs name steps and codes of the TPM. */
  | { readonly ended: 'badly'; readonly complaint: string }
  | { readonly ended: 'late' }
  /** The program is not installed. */
  | { readonly ended: 'not-started' };

export interface TpmToolSettings {
  readonly clock: Clock;
  /** How the TPM is reached, as tpm2-tools call it, such as `device:/dev/tpmrm0`. */
  readonly tcti: string;
  /** Where programs are looked for, as in `$PATH`. */
  readonly searchPath: string;
  readonly timeoutMs: number;
}

export interface TpmToolCall {
  readonly program: string;
  /** Anybody on the machine can read them: names of files, never a secret. */
  readonly arguments: readonly string[];
  /** Where relative file names lead. */
  readonly directory: string;
  /** Written to its standard input. */
  readonly input?: Uint8Array;
}

/** More is not an answer of these programs. */
const mostOutputBytes = 64 * 1024;
const mostComplaintCharacters = 300;

/** Runs one program to its end, without a shell and with nothing of this process's environment but the search path. */
export function runTpmTool(settings: TpmToolSettings, call: TpmToolCall): Promise<TpmToolRun> {
  const { clock, tcti, searchPath, timeoutMs } = settings;
  const child = spawn(call.program, call.arguments, {
    cwd: call.directory,
    // The library below the tools would describe every attempt at length; the tools' own line is enough.
    env: { PATH: searchPath, TPM2TOOLS_TCTI: tcti, TSS2_LOG: 'all+NONE', LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = new CollectedBytes();
  const complaint = new CollectedBytes();
  child.stdout.on('data', (chunk: Buffer) => output.take(chunk));
  child.stderr.on('data', (chunk: Buffer) => complaint.take(chunk));
  // A program that ends without reading its input shows here as EPIPE; how it ended tells more.
  child.stdin.on('error', () => undefined);
  child.stdin.end(call.input);
  let isLate = false;
  const timer = clock.after(timeoutMs, () => {
    isLate = true;
    child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      timer.cancel();
      if (error.code === 'ENOENT') resolve({ ended: 'not-started' });
      else reject(error);
    });
    child.once('close', (code) => {
      timer.cancel();
      if (code === 0 && !output.isTooMuch) return resolve({ ended: 'well', output: output.gathered() });
      output.wipe();
      resolve(isLate ? { ended: 'late' } : { ended: 'badly', complaint: lastWords(complaint.gathered()) });
    });
  });
}

/** The last line that a tool calls an error, cut to a length fit for a message. */
function lastWords(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes)
    .toString('latin1')
    .split('\n')
    .filter((line) => line.startsWith('ERROR: '))
    .map((line) =>
      line
        .slice('ERROR: '.length)
        .replaceAll(/[^\x20-\x7e]/g, '?')
        .trim(),
    );
  // The very last only says which program failed.
  const telling = lines.filter((line) => !line.startsWith('Unable to run ')).at(-1);
  return (telling ?? lines.at(-1) ?? 'no reason given').slice(0, mostComplaintCharacters);
}

/** Gathers what a process writes and leaves no second copy behind. */
class CollectedBytes {
  #chunks: Buffer[] = [];
  #size = 0;

  get isTooMuch(): boolean {
    return this.#size > mostOutputBytes;
  }

  take(chunk: Buffer): void {
    this.#size += chunk.length;
    if (this.isTooMuch) chunk.fill(0);
    else this.#chunks.push(chunk);
  }

  /** Everything in memory of its own. */
  gathered(): Uint8Array {
    const bytes = new Uint8Array(this.#chunks.reduce((sum, { length }) => sum + length, 0));
    let at = 0;
    for (const chunk of this.#chunks) {
      bytes.set(chunk, at);
      at += chunk.length;
    }
    this.wipe();
    return bytes;
  }

  wipe(): void {
    for (const chunk of this.#chunks) chunk.fill(0);
    this.#chunks = [];
  }
}
