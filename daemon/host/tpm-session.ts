import { access, constants, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, type RollcallError } from '../kernel/errors.js';
import { failure } from '../words/errors.js';
import { runTpmTool, type TpmToolRun, type TpmToolSettings } from './tpm-tool.js';

/** Flushes objects from the TPM's memory, which has room for three without a resource manager. */
const forgetObjects = ['--transient-object'] as const;

/**
 * Runs programs of tpm2-tools one after another in a private directory. The directory contains data that the TPM has sealed:
 * handles, sessions and blobs, no plain secrets. Disposal removes it.
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
      // `mkdtemp` uses mode 0700.
      return new TpmSession(settings, await mkdtemp(join(workDirectory, 'tpm-')));
    } catch (error) {
      throw failure(
        'tpm-work-directory',
        { workDirectory, reason: messageOf(error) },
        { details: { workDirectory }, cause: error },
      );
    }
  }

  /** Frees memory of the TPM: a killed program may have left objects in it. */
  async forgetObjects(): Promise<void> {
    await this.#flush(forgetObjects);
  }

  /**
   * Runs one program; returns its output.
   * @throws `tpm-tools-missing`, `tpm-missing`, `tpm-silent`; `tpm-refused` where the TPM works but refuses
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

  /** Ends the TPM session whose context is in the file `name`: the TPM has room for few. */
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

  /** Ignores a failure: the answer is more important, and a reboot also flushes the TPM. */
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

function toolsMissing(program: string): RollcallError {
  return failure('tpm-tools-missing', { program }, { details: { program } });
}

/** Explains why no TPM is available, with the reason from the file system where there is one. */
async function tpmMissing(tcti: string, complaint: string): Promise<RollcallError> {
  const device = /^device:(\/.*)$/.exec(tcti)?.[1];
  const why = device === undefined ? complaint : ((await deviceProblem(device)) ?? complaint);
  return failure('tpm-missing', { tcti, why }, { details: { tcti } });
}

async function deviceProblem(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.R_OK | constants.W_OK);
    return undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return 'the device does not exist, or the service cannot see it';
    if (code === 'EACCES' || code === 'EPERM') return 'this user may not use the device';
    return messageOf(error);
  }
}

function tpmSilent(program: string, { tcti, timeoutMs }: TpmToolSettings): RollcallError {
  return failure(
    'tpm-silent',
    { tcti, timeoutMs },
    { details: { program, tcti, timeoutMs }, retryable: true },
  );
}

function tpmRefused(program: string, complaint: string): RollcallError {
  return failure('tpm-refused', { program, complaint }, { details: { program } });
}
