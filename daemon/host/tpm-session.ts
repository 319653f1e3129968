import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, operational } from '../base/errors.js';
import { toolsMissing, tpmMissing, tpmRefused, tpmSilent } from './tpm-errors.js';
import { runTpmTool, type TpmToolRun, type TpmToolSettings } from './tpm-tool.js';

/** Forgets the objects in the TPM's own memory, which holds three on a machine without a resource manager. */
const forgetObjects = ['--transient-object'] as const;

/**
 * A private directory and the programs of tpm2-tools run in it, one after another. The directory holds what the TPM
 * keeps outside itself, sealed by it: handles, sessions and blobs, nothing in clear. It is gone when disposed.
 */
export class TpmSession implements AsyncDisposable {
  readonly #settings: TpmToolSettings;
  readonly #directory: string;

  private constructor(settings: TpmToolSettings, directory: string) {
    this.#settings = settings;
    this.#directory = directory;
  }

  /** @throws `tpm-work-directory` where no private directory can be made in `workDirectory` */
  static async open(settings: TpmToolSettings, workDirectory: string): Promise<TpmSession> {
    try {
      // Made with mode 0700.
      return new TpmSession(settings, await mkdtemp(join(workDirectory, 'tpm-')));
    } catch (error) {
      throw operational(
        'tpm-work-directory',
        `no directory can be made in ${workDirectory}: ${messageOf(error)}`,
        {
          remedy: `make ${workDirectory} a directory that the daemon may write to, in memory (tmpfs) if possible`,
          details: { workDirectory },
          cause: error,
        },
      );
    }
  }

  /** Makes room in the TPM: a program that was killed may have left objects in it. */
  async forgetObjects(): Promise<void> {
    await this.#flush(forgetObjects);
  }

  /**
   * Runs one program; gives what it wrote.
   * @throws `tpm-tools-missing`, `tpm-missing`, `tpm-silent`; `tpm-refused` where the TPM is there and says no
   */
  async run(program: string, args: readonly string[], input?: Uint8Array): Promise<Uint8Array> {
    const run = await this.#start(program, args, input);
    if (run.ended === 'well') {
      await this.forgetObjects();
      return run.output;
    }
    if (run.ended === 'not-started') throw toolsMissing(program);
    if (run.ended === 'late') throw tpmSilent(program, this.#settings);
    if (await this.#isThere()) throw tpmRefused(program, run.complaint);
    throw await tpmMissing(this.#settings.tcti, run.complaint);
  }

  /** Ends the session in the TPM whose context is in the file `name`. Its memory holds few, too. */
  async endAuthorisation(name: string): Promise<void> {
    await this.#flush([name]);
  }

  read(name: string): Promise<Uint8Array> {
    return readFile(join(this.#directory, name));
  }

  async write(name: string, bytes: Uint8Array): Promise<void> {
    await writeFile(join(this.#directory, name), bytes, { mode: 0o600 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** What cannot be flushed is no reason to lose an answer: the TPM forgets it when the machine starts anew. */
  async #flush(args: readonly string[]): Promise<void> {
    await this.#start('tpm2_flushcontext', args);
  }

  async #isThere(): Promise<boolean> {
    return (await this.#start('tpm2_getcap', ['properties-fixed'])).ended === 'well';
  }

  #start(program: string, args: readonly string[], input?: Uint8Array): Promise<TpmToolRun> {
    const call = { program, arguments: args, directory: this.#directory };
    return runTpmTool(this.#settings, input === undefined ? call : { ...call, input });
  }
}
