import { mkdirSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Fault } from '../../contract/api-errors.js';
import type { GateStatus } from '../../contract/certificate.js';
import {
  type GateSettings,
  gateLimits,
  handoverFiles,
  liveFolderName,
} from '../../contract/gate-settings.js';
import type { Config } from '../../contract/settings/schema.js';
import { openCredential } from '../../host/credentials.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError, messageOf, type RollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { Recurring } from '../../kernel/recurring.js';
import { failure } from '../../words/errors.js';
import { certificateFacts } from '../delivery/broker/certificate-facts.js';
import { certificateStatus } from '../delivery/broker/certificate-watch.js';
import { parseClientCertificate } from '../delivery/broker/client-certificate.js';
import { machineNames, settleBoxCertificate } from './gate-certificate.js';

/** How often the certificate is read again. */
export const handOverEveryMs = 60_000;

export type GateConfig = Pick<
  Config,
  'gate' | 'control' | 'dataDir' | 'secretsDir' | 'logging' | 'site' | 'box'
>;

/** The folder that core and gate share. */
export function gateFolder({ gate, control }: Pick<GateConfig, 'gate' | 'control'>): string {
  const beside = dirname(control.socketPath);
  return gate.folder ?? (beside === '/run/rollcall' ? '/run/rollcall-gate' : join(beside, 'gate'));
}

/** The folder in which vision processes open their sockets for the gate. They see nothing else of the folder around it. */
export const liveFolder = (config: Pick<GateConfig, 'gate' | 'control'>): string =>
  join(gateFolder(config), liveFolderName);

/**
 * Makes the folder for live pictures where none exists, as in tests and trials, and removes the sockets that an earlier run left in it.
 * Without the folder there are no live pictures; everything else works.
 */
export async function makeLiveFolder(
  config: Pick<GateConfig, 'gate' | 'control'>,
  logger: Logger,
): Promise<void> {
  const folder = liveFolder(config);
  try {
    await openGateFolder(gateFolder(config));
    // The group of the gate, which comes from the folder around it, must get through.
    const mask = process.umask(0o027);
    try {
      mkdirSync(folder, { recursive: true, mode: 0o750 });
    } finally {
      process.umask(mask);
    }
    // A folder that a vision process made cannot be removed, and does no harm.
    for (const name of await readdir(folder)) await rm(join(folder, name)).catch(() => undefined);
  } catch (error) {
    logger.error('there are no live pictures, because their folder cannot be made', { folder, error });
  }
}

interface GateTls {
  /** Certificate and key, PEM. */
  readonly tls: Buffer;
  readonly isMadeByBox: boolean;
}

interface HandedOver extends GateTls {
  readonly settings: string;
}

/**
 * Hands settings and certificate over to the gate, and does it again when one of them has changed. The gate reads these files and
 * nothing else of the box. A failure is logged and concerns the gate alone: the core goes on.
 */
export class GateHandover implements AsyncDisposable {
  readonly #current: () => GateConfig;
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #turns: Recurring;
  #latest: HandedOver | undefined;
  /** Why the certificate of the configuration is not in use. */
  #problem: RollcallError | undefined;

  constructor(
    current: () => GateConfig,
    { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#current = current;
    this.#folder = gateFolder(current());
    this.#clock = clock;
    this.#logger = logger;
    this.#turns = new Recurring({
      ...{ clock, everyMs: handOverEveryMs, work: () => this.handOver() },
      onFailure: (error) => logger.error('the gate gets no settings and certificate', { error }),
    });
  }

  start(): this {
    this.#turns.start();
    return this;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#turns[Symbol.asyncDispose]();
  }

  /** The certificate handed over last, and why it is not the one of the configuration. */
  status(): GateStatus {
    return present({ certificate: this.#certificateStatus(), problem: this.#fault() });
  }

  #certificateStatus(): GateStatus['certificate'] {
    if (this.#latest === undefined) return undefined;
    const { tls, isMadeByBox } = this.#latest;
    const facts = certificateFacts(tls);
    const { fingerprint } = facts;
    return { ...certificateStatus('gate', facts, this.#clock.wallMs()), fingerprint, isMadeByBox };
  }

  #fault(): Fault | undefined {
    if (this.#problem === undefined) return undefined;
    const { code, message, remedy = '' } = this.#problem;
    return { code, message, remedy };
  }

  /** Hands over at once what a reload has changed. */
  async handOverSoon(): Promise<void> {
    await this.#turns.settled();
    await this.handOver().catch((error: unknown) =>
      this.#logger.error('the gate gets no settings and certificate', { error }),
    );
  }

  /** @throws `gate-folder` */
  async handOver(): Promise<void> {
    await openGateFolder(this.#folder);
    const { tls, isMadeByBox } = await this.#chosen();
    const settings = JSON.stringify(settingsFor(this.#current()));
    const before = this.#latest;
    // The certificate first: the gate begins when both are there.
    if (before === undefined || !before.tls.equals(tls)) {
      await put(join(this.#folder, handoverFiles.certificate), tls);
      const { fingerprint, notAfterMs } = certificateFacts(tls);
      this.#logger.info('the gate has a certificate', {
        ...{ fingerprint, isMadeByBox, notAfter: new Date(notAfterMs).toISOString() },
      });
    }
    if (before?.settings !== settings)
      await put(join(this.#folder, handoverFiles.settings), Buffer.from(settings));
    this.#latest = { tls, settings, isMadeByBox };
  }

  /** The certificate of the configuration; while it cannot be used, the last that could, or the one that the box makes. */
  async #chosen(): Promise<GateTls> {
    const { gate, secretsDir, dataDir, site, box } = this.#current();
    const path = join(dataDir, 'gate', 'tls.pem');
    if (gate.certificate === undefined) this.#problem = undefined;
    else {
      try {
        const text = await openCredential(gate.certificate, { secretsDirectory: secretsDir });
        const { certificate, key } = parseClientCertificate(gate.certificate, text);
        this.#problem = undefined;
        return { tls: Buffer.concat([certificate, key]), isMadeByBox: false };
      } catch (error) {
        this.#noteProblem(error);
        const kept = this.#latest ?? (await this.#handedOverBefore(path));
        if (kept?.isMadeByBox === false) return kept;
      }
    }
    const commonName = `rollcall ${site.id}/${box.id}`;
    const { hosts } = gate;
    return {
      tls: await settleBoxCertificate({ path, commonName, hosts, clock: this.#clock }),
      isMadeByBox: true,
    };
  }

  /**
   * What an earlier run of the core handed over. It lies in memory (`/run`) until the machine starts again; the key of the owner is
   * written to no disk. Only the core can write there.
   */
  async #handedOverBefore(ownPath: string): Promise<GateTls | undefined> {
    try {
      const tls = await readFile(join(this.#folder, handoverFiles.certificate));
      parseClientCertificate(handoverFiles.certificate, tls);
      const own = await readFile(ownPath).catch(() => undefined);
      return { tls, isMadeByBox: own?.equals(tls) ?? false };
    } catch {
      // There is none, or it is no certificate with its key: the box uses its own.
      return undefined;
    }
  }

  #noteProblem(error: unknown): void {
    if (!isRollcallError(error)) throw error;
    const { code, message, remedy } = error;
    const isNew = this.#problem?.message !== message;
    this.#problem = error;
    if (isNew) {
      this.#logger.error('the certificate of the gate cannot be used', { code, reason: message, remedy });
    }
  }
}

/** What the gate may know of the configuration: how it listens. No secret, no camera, no person. */
export function settingsFor({ gate, logging }: Pick<GateConfig, 'gate' | 'logging'>): GateSettings {
  const { address, port, minimumTls, hosts, origins, connections, connectionsPerAddress } = gate;
  return {
    ...{ address, port, minimumTls, origins, logLevel: logging.level },
    hosts: [...new Set([...machineNames(), ...hosts])],
    limits: gateLimits.parse({ connections, connectionsPerAddress }),
  };
}

/**
 * Makes the folder for tests and trials; on a box it exists, owned by the daemon's user, readable by the group of the gate.
 * @throws `gate-folder` where other users of the machine may look into it
 */
export async function openGateFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (((await stat(folder)).mode & 0o027) === 0) return;
  } catch (error) {
    throw failure('gate-folder', { folder, reason: messageOf(error) }, { cause: error });
  }
  throw failure('gate-folder:exposed', { folder });
}

/** Tells the gate to stop listening: for a daemon that is not to be reached through it. */
export async function withdrawHandover(folder: string): Promise<void> {
  for (const name of Object.values(handoverFiles)) await rm(join(folder, name), { force: true });
}

/** Replaces a file in one step. The group comes from the folder; the mask of the daemon would keep it out. */
async function put(path: string, content: Buffer): Promise<void> {
  const isSame = await readFile(path).then(
    (present) => present.equals(content),
    () => false,
  );
  if (isSame) return;
  await writeFile(`${path}.new`, content, { mode: 0o600 });
  await chmod(`${path}.new`, 0o640);
  await rename(`${path}.new`, path);
}
