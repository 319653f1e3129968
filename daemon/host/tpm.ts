import type { Clock } from '../kernel/clock.js';
import { isRollcallError, type RollcallError } from '../kernel/errors.js';
import { failure } from '../words/errors.js';
import { TpmSession } from './tpm-session.js';
import type { TpmToolSettings } from './tpm-tool.js';

export interface TpmOptions {
  readonly clock: Clock;
  /** Directory on tmpfs for the files that the programs exchange. */
  readonly workDirectory: string;
  /**
   * The TCTI of tpm2-tools. Default: `$TPM2TOOLS_TCTI`, else the kernel's resource manager. Without a TCTI, tpm2-tools would
   * also try TCP ports of this machine, where any user may listen.
   */
  readonly tcti?: string | undefined;
  /** Directories of the programs. Default: `$PATH`. */
  readonly searchPath?: string | undefined;
  /** Limit for one program. Some TPMs need seconds to make a key. */
  readonly timeoutMs?: number | undefined;
}

/** A secret that only one TPM can open, until it is cleared. */
export interface SealedByTpm {
  /** The TPM's name of the sealing key (algorithm and hash, TPM 2.0 Library part 1, section 16); different for each TPM. */
  readonly parentName: Uint8Array;
  /** TPM2B_PUBLIC and TPM2B_PRIVATE as tpm2-tools write them; the TPM has encrypted the latter. */
  readonly publicPart: Uint8Array;
  readonly privatePart: Uint8Array;
}

/** Largest secret that a TPM seals (MAX_SYM_DATA), bytes. */
const mostSecretBytes = 128;

/** Size of a parent's name with SHA-256, and largest size of the public and private part: for storing them. */
export const TPM_NAME_BYTES = 34;
export const MOST_TPM_PART_BYTES = 1024;

const parentContext = 'parent.context';
const parentName = 'parent.name';
const authorisation = 'authorisation.context';
const publicFile = 'public';
const privateFile = 'private';

/**
 * Usable without password and policy, but only in this TPM and under this parent. `noda`: a lockout of the TPM after wrong
 * passwords elsewhere does not affect this secret.
 */
const sealAttributes = 'fixedtpm|fixedparent|userwithauth|noda';

/**
 * Seals small secrets to the TPM 2.0 of this machine with tpm2-tools. Each call derives the parent again from a fixed template
 * under the owner hierarchy: the same key until the TPM is cleared, so nothing is stored in the TPM. The secret crosses the
 * bus to the TPM encrypted (a salted session), and reaches this process through pipes. Make only one call at a time: without a
 * resource manager, all callers share the TPM's memory.
 */
export class Tpm {
  readonly #settings: TpmToolSettings;
  readonly #workDirectory: string;

  constructor(options: TpmOptions) {
    this.#workDirectory = options.workDirectory;
    this.#settings = {
      clock: options.clock,
      tcti: options.tcti ?? process.env['TPM2TOOLS_TCTI'] ?? 'device:/dev/tpmrm0',
      searchPath: options.searchPath ?? process.env['PATH'] ?? '/usr/bin:/bin',
      timeoutMs: options.timeoutMs ?? 30_000,
    };
  }

  get tcti(): string {
    return this.#settings.tcti;
  }

  /**
   * @param secret at most 128 bytes; the caller keeps and wipes it
   * @throws `tpm-tools-missing`, `tpm-missing`, `tpm-silent`, `tpm-refused`, `tpm-work-directory`
   */
  async seal(secret: Uint8Array): Promise<SealedByTpm> {
    if (secret.length > mostSecretBytes) throw new RangeError(`a TPM seals ${mostSecretBytes} bytes at most`);
    await using session = await this.#open();
    await openAuthorisation(session);
    try {
      const args = ['-Q', '-C', parentContext, '-P', `session:${authorisation}`, '-a', sealAttributes];
      await session.run('tpm2_create', [...args, '-i', '-', '-u', publicFile, '-r', privateFile], secret);
    } finally {
      await session.endAuthorisation(authorisation);
    }
    return {
      parentName: await session.read(parentName),
      publicPart: await session.read(publicFile),
      privatePart: await session.read(privateFile),
    };
  }

  /**
   * Opens a sealed secret; the caller wipes it.
   * @throws like `seal`; `tpm-refused` also where another TPM sealed it, `tpm-blob-damaged` where it was altered
   */
  async unseal(sealed: SealedByTpm): Promise<Uint8Array> {
    await using session = await this.#open();
    if (!Buffer.from(sealed.parentName).equals(await session.read(parentName))) throw otherTpm();
    await session.write(publicFile, sealed.publicPart);
    await session.write(privateFile, sealed.privatePart);
    const object = 'sealed.context';
    try {
      const files = ['-u', publicFile, '-r', privateFile];
      await session.run('tpm2_load', ['-Q', '-C', parentContext, ...files, '-c', object]);
    } catch (error) {
      throw isRollcallError(error, 'tpm-refused') ? damaged(error) : error;
    }
    await openAuthorisation(session);
    try {
      return await session.run('tpm2_unseal', ['-Q', '-c', object, '-p', `session:${authorisation}`]);
    } finally {
      await session.endAuthorisation(authorisation);
    }
  }

  /**
   * Checks that the TPM answers and can make the parent.
   * @throws like `seal`
   */
  async inspect(): Promise<{ readonly manufacturer: string }> {
    await using session = await this.#open();
    const properties = Buffer.from(await session.run('tpm2_getcap', ['properties-fixed'])).toString('latin1');
    const found = /TPM2_PT_MANUFACTURER:\s+raw: \S+\s+value: "([\x20-\x21\x23-\x7e]*)"/.exec(properties);
    return { manufacturer: found?.[1]?.trim() ?? 'unknown' };
  }

  /** Opens a session whose directory contains the parent and its name. */
  async #open(): Promise<TpmSession> {
    const session = await TpmSession.open(this.#settings, this.#workDirectory);
    try {
      // Never change this template: it gives the parent of every key that was ever sealed.
      const template = ['-C', 'o', '-g', 'sha256', '-G', 'ecc256'];
      await session.forgetObjects();
      await session.run('tpm2_createprimary', ['-Q', ...template, '-c', parentContext]);
      await session.run('tpm2_readpublic', ['-Q', '-c', parentContext, '-n', parentName]);
      return session;
    } catch (error) {
      await session[Symbol.asyncDispose]();
      throw error;
    }
  }
}

/**
 * Starts a session salted with the parent. It encrypts parameters and answers, so that an attacker who taps the bus between
 * processor and TPM reads nothing.
 */
async function openAuthorisation(session: TpmSession): Promise<void> {
  const start = ['--hmac-session', '-c', parentContext, '-S', authorisation];
  await session.run('tpm2_startauthsession', start);
  await session.run('tpm2_sessionconfig', [authorisation, '--enable-encrypt', '--enable-decrypt']);
}

function otherTpm(): RollcallError {
  return failure('tpm-refused:other-tpm');
}

function damaged(cause: unknown): RollcallError {
  return failure('tpm-blob-damaged', {}, { cause });
}
