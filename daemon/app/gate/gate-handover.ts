import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Clock } from '../../base/clock.js';
import { isRollcallError, messageOf, operational } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import { Recurring } from '../../base/recurring.js';
import type { Config } from '../../config/schema.js';
import { type GateSettings, gateLimits, handoverFiles } from '../../gate/gate-settings.js';
import { openCredential } from '../../host/credentials.js';
import { certificateFacts } from '../../publish/broker/certificate-facts.js';
import { type CertificateStatus, certificateStatus } from '../../publish/broker/certificate-watch.js';
import { parseClientCertificate } from '../../publish/broker/client-certificate.js';
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

/** The certificate that the gate shows. */
export interface GateCertificate {
  /** SHA-256 of the certificate: upper-case hexadecimal with colons. */
  readonly fingerprint: string;
  readonly notAfter: string;
  /** True for the one that the box made; false for the one of the configuration. */
  readonly isMadeByBox: boolean;
}

interface HandedOver {
  readonly tls: Buffer;
  readonly settings: string;
  readonly isMadeByBox: boolean;
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
  #isSecretRefused = false;

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

  /** The certificate handed over last; undefined if there is none yet. */
  get certificate(): GateCertificate | undefined {
    if (this.#latest === undefined) return undefined;
    const { fingerprint, notAfterMs } = certificateFacts(this.#latest.tls);
    const notAfter = new Date(notAfterMs).toISOString();
    return { fingerprint, notAfter, isMadeByBox: this.#latest.isMadeByBox };
  }

  /** The validity of that certificate, for the watch over all certificates. */
  status(): readonly CertificateStatus[] {
    if (this.#latest === undefined) return [];
    return [certificateStatus('gate', certificateFacts(this.#latest.tls), this.#clock.wallMs())];
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
    const { tls, isMadeByBox } = await this.#certificate();
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
  async #certificate(): Promise<Omit<HandedOver, 'settings'>> {
    const { gate, secretsDir, dataDir, site, box } = this.#current();
    if (gate.certificate !== undefined) {
      try {
        const text = await openCredential(gate.certificate, { secretsDirectory: secretsDir });
        const { certificate, key } = parseClientCertificate(gate.certificate, text);
        this.#isSecretRefused = false;
        return { tls: Buffer.concat([certificate, key]), isMadeByBox: false };
      } catch (error) {
        this.#reportSecret(error);
        if (this.#latest !== undefined) return this.#latest;
      }
    }
    const path = join(dataDir, 'gate', 'tls.pem');
    const commonName = `rollcall ${site.id}/${box.id}`;
    const { hosts } = gate;
    return {
      tls: await settleBoxCertificate({ path, commonName, hosts, clock: this.#clock }),
      isMadeByBox: true,
    };
  }

  #reportSecret(error: unknown): void {
    if (!isRollcallError(error)) throw error;
    if (this.#isSecretRefused) return;
    this.#isSecretRefused = true;
    const { code, message, remedy } = error;
    this.#logger.error('the certificate of the gate cannot be used', { code, reason: message, remedy });
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
    throw operational(
      'gate-folder',
      `the folder of the gate, ${folder}, cannot be used: ${messageOf(error)}`,
      {
        remedy: 'run scripts/install again, which makes it; or set gate.enabled: false',
        cause: error,
      },
    );
  }
  throw operational('gate-folder', `other users than the gate have access to ${folder}`, {
    remedy: `run: chmod 2750 ${folder}`,
  });
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
