import type { Clock } from '../base/clock.js';
import { isRollcallError, operational, type RollcallError } from '../base/errors.js';
import { TpmSession } from './tpm-session.js';
import type { TpmToolSettings } from './tpm-tool.js';

export interface TpmOptions {
  readonly clock: Clock;
  /** Directory in memory (tmpfs) for what the programs hand on to each other. */
  readonly workDirectory: string;
  /**
   * How the TPM is reached, as tpm2-tools call it. By default `$TPM2TOOLS_TCTI`, else the kernel's resource manager:
   * without either, tpm2-tools would also try TCP ports of this machine, on which anybody may listen.
   */
  readonly tcti?: string | undefined;
  /** Where programs are looked for; by default `$PATH`. */
  readonly searchPath?: string | undefined;
  /** For one program. Making a key takes some TPMs seconds. */
  readonly timeoutMs?: number | undefined;
}

/** A secret that one TPM can open, as long as nobody clears it. */
export interface SealedByTpm {
  /** What the TPM calls the key that seals (algorithm and hash, TPM 2.0 Library part 1, section 16): another TPM has another. */
  readonly parentName: Uint8Array;
  /** TPM2B_PUBLIC and TPM2B_PRIVATE as tpm2-tools write them; the latter is encrypted by the TPM. */
  readonly publicPart: Uint8Array;
  readonly privatePart: Uint8Array;
}

/** Most that a TPM seals (MAX_SYM_DATA), bytes. */
const mostSecretBytes = 128;

/** Bytes of a parent's name with SHA-256, and bounds of the parts, for whoever keeps them. */
export const TPM_NAME_BYTES = 34;
export const MOST_TPM_PART_BYTES = 1024;

const parentContext = 'parent.context';
const parentName = 'parent.name';
const authorisation = 'authorisation.context';
const publicFile = 'public';
const privateFile = 'private';

/**
 * Usable with no password and no policy, only in this TPM and under this parent. `noda`: failures elsewhere that lock
 * the TPM against guessing do not lock this out.
 */
const sealAttributes = 'fixedtpm|fixedparent|userwithauth|noda';

/**
 * Seals small secrets to the TPM 2.0 of this machine with tpm2-tools. The parent is made anew each time from a fixed
 * template under the owner hierarchy (the same key until the TPM is cleared), so nothing is stored in the TPM. The
 * secret crosses the wires to the TPM encrypted (a salted session), and reaches this process through pipes.
 * Only one call at a time: without a resource manager all callers share the TPM's memory.
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

  /** How the TPM is reached. */
  get tcti(): string {
    return this.#settings.tcti;
  }

  /**
   * @param secret at most 128 bytes; stays the caller's
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
   * What was sealed; the caller wipes it.
   * @throws as `seal`; `tpm-refused` also for what another TPM sealed, `tpm-blob-damaged` for what this one did not
   */
  async unseal(sealed: SealedByTpm): Promise<Uint8Array> {
    await using session = await this.#open();
    if (!Buffer.from(sealed.parentName).equals(await session.read(parentName))) throw otherTpm();
    await session.write(publicFile, sealed.publicPart);
    await session.write(privateFile, sealed.privatePart);
    const object = 'sealed.context';
    try {
      const parts = ['-u', publicFile, '-r', privateFile];
      await session.run('tpm2_load', ['-Q', '-C', parentContext, ...parts, '-c', object]);
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
   * Proves that the TPM answers and can make the parent.
   * @throws as `seal`
   */
  async inspect(): Promise<{ readonly manufacturer: string }> {
    await using session = await this.#open();
    const properties = Buffer.from(await session.run('tpm2_getcap', ['properties-fixed'])).toString('latin1');
    const found = /TPM2_PT_MANUFACTURER:\s+raw: \S+\s+value: "([\x20-\x21\x23-\x7e]*)"/.exec(properties);
    return { manufacturer: found?.[1]?.trim() ?? 'unknown' };
  }

  /** A session whose directory holds the parent and its name. */
  async #open(): Promise<TpmSession> {
    const session = await TpmSession.open(this.#settings, this.#workDirectory);
    try {
      // What the TPM makes of this template is the parent of every key sealed so far: never to be changed.
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
 * Starts a session salted with the parent, under which the TPM encrypts what it is given and what it answers:
 * somebody who taps the wires between processor and TPM reads nothing.
 */
async function openAuthorisation(session: TpmSession): Promise<void> {
  const start = ['--hmac-session', '-c', parentContext, '-S', authorisation];
  await session.run('tpm2_startauthsession', start);
  await session.run('tpm2_sessionconfig', [authorisation, '--enable-encrypt', '--enable-decrypt']);
}

function otherTpm(): RollcallError {
  return operational(
    'tpm-refused',
    'the key was sealed by another TPM, or by this one before it was cleared',
    {
      remedy:
        'use the machine that the gallery was made on; if its TPM was cleared or replaced, restore a backup with its recovery secret',
    },
  );
}

function damaged(cause: unknown): RollcallError {
  return operational('tpm-blob-damaged', 'the TPM is the right one, but what it sealed was altered', {
    remedy: 'restore the gallery from a backup',
    cause,
  });
}
