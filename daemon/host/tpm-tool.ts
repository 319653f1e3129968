import { spawn } from 'node:child_process';
import type { Clock } from '../kernel/clock.js';
import { boundChild, isNotStarted } from './bound-child.js';

/** How one program of tpm2-tools ended. */
export type TpmToolRun =
  /** Its output; the caller wipes a secret. */
  | { readonly ended: 'well'; readonly output: Uint8Array }
  /** `complaint` is its error line. It contains no secrets: these programs print steps and codes of the TPM. */
  | { readonly ended: 'badly'; readonly complaint: string }
  | { readonly ended: 'late' }
  /** The program is not installed. */
  | { readonly ended: 'not-started' };

export interface TpmToolSettings {
  readonly clock: Clock;
  /** The TCTI of tpm2-tools, such as `device:/dev/tpmrm0`. */
  readonly tcti: string;
  /** Directories of the programs, as in `$PATH`. */
  readonly searchPath: string;
  readonly timeoutMs: number;
}

interface TpmToolCall {
  readonly program: string;
  /** Other users can read them: file names, never a secret. */
  readonly arguments: readonly string[];
  /** The working directory. */
  readonly directory: string;
  /** Written to its standard input. */
  readonly input?: Uint8Array;
}

/** Most output of these programs. */
const mostOutputBytes = 64 * 1024;
const mostComplaintCharacters = 300;

/** Runs one program to its end, without a shell and without the environment of this process. */
export function runTpmTool(settings: TpmToolSettings, call: TpmToolCall): Promise<TpmToolRun> {
  const { clock, tcti, searchPath, timeoutMs } = settings;
  const command = boundChild(call.program, call.arguments);
  const child = spawn(command.program, command.arguments, {
    cwd: call.directory,
    // TSS2_LOG silences the library below the tools: the tools' own error line is enough.
    env: { PATH: searchPath, TPM2TOOLS_TCTI: tcti, TSS2_LOG: 'all+NONE', LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const output = new CollectedBytes();
  const complaint = new CollectedBytes();
  child.stdout.on('data', (chunk: Buffer) => output.take(chunk));
  child.stderr.on('data', (chunk: Buffer) => complaint.take(chunk));
  // EPIPE where a program ends without reading its input. Its exit explains more.
  child.stdin.on('error', () => undefined);
  child.stdin.end(call.input);
  let isLate = false;
  const timer = clock.after(timeoutMs, () => {
    isLate = true;
    child.kill('SIGKILL');
  });
  return new Promise((resolve, reject) => {
    child.once('error', (error) => {
      timer.cancel();
      reject(error);
    });
    child.once('close', (code) => {
      timer.cancel();
      if (code === 0 && !output.isTooMuch) return resolve({ ended: 'well', output: output.gathered() });
      output.wipe();
      if (isNotStarted(code)) return resolve({ ended: 'not-started' });
      resolve(isLate ? { ended: 'late' } : { ended: 'badly', complaint: lastWords(complaint.gathered()) });
    });
  });
}

/** The last error line of a tool, shortened for a message. */
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
  // The very last line only names the program that failed.
  const explaining = lines.filter((line) => !line.startsWith('Unable to run ')).at(-1);
  return (explaining ?? lines.at(-1) ?? 'no reason given').slice(0, mostComplaintCharacters);
}

/** Collects the output of a process and wipes all chunks. */
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

  /** All bytes in one new buffer. Wipes the chunks. */
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
