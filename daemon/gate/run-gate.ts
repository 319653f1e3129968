import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type GateSettings, gateSettings, handoverFiles } from '../contract/gate-settings.js';
import type { AdjustableLogger } from '../host/pino-logger.js';
import type { Clock } from '../kernel/clock.js';
import { isRollcallError, messageOf } from '../kernel/errors.js';
import type { Logger } from '../kernel/logger.js';
import { Recurring } from '../kernel/recurring.js';
import { type GateServer, startGateServer } from './gate-server.js';
import type { Site } from './site.js';

/** How often the gate looks for new settings and certificates. */
const lookEveryMs = 1_000;

interface GateOptions {
  /** The folder that core and gate share. */
  readonly folder: string;
  readonly site: Site;
  readonly clock: Clock;
  readonly logger: AdjustableLogger;
  /** Called once the gate listens for the first time. */
  readonly onReady: (server: GateServer) => void;
}

/** What the core handed over. */
interface Handover {
  /** Differs when one of the files was replaced. */
  readonly mark: string;
  readonly settings: GateSettings;
  readonly tls: Buffer;
}

interface Running {
  readonly server: GateServer;
  readonly handover: Handover;
}

/**
 * Listens as the core's settings say, and follows each change: a new certificate without an interruption, other settings by listening
 * anew. While the core has handed nothing over, it waits. What cannot be used changes nothing.
 */
export class Gate implements AsyncDisposable {
  readonly #options: GateOptions;
  readonly #looking: Recurring;
  #running: Running | undefined;
  #seen = '';
  #isWaitingLogged = false;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#looking = new Recurring({
      clock: options.clock,
      everyMs: lookEveryMs,
      work: () => this.#look(),
      onFailure: (error) => logFailure(options.logger, error),
    });
  }

  start(): this {
    this.#looking.start();
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#looking[Symbol.asyncDispose]();
    await this.#running?.server[Symbol.asyncDispose]();
  }

  async #look(): Promise<void> {
    const { folder, logger } = this.#options;
    const [settingsFile, tlsFile] = [
      join(folder, handoverFiles.settings),
      join(folder, handoverFiles.certificate),
    ];
    const marks = await Promise.all([settingsFile, tlsFile].map(markOf));
    if (marks.includes(undefined)) {
      await this.#stop();
      if (!this.#isWaitingLogged) logger.info('waiting for rollcalld to hand over settings', { folder });
      this.#isWaitingLogged = true;
      return;
    }
    const mark = marks.join(' ');
    if (mark === this.#seen) return;
    const settings = gateSettings.parse(JSON.parse(await readFile(settingsFile, 'utf8')));
    await this.#follow({ mark, settings, tls: await readFile(tlsFile) });
    this.#seen = mark;
  }

  /** Ends HTTPS, because the core has withdrawn what it handed over. */
  async #stop(): Promise<void> {
    this.#seen = '';
    const running = this.#running;
    if (running === undefined) return;
    this.#running = undefined;
    await running.server[Symbol.asyncDispose]();
    this.#options.logger.info('stopped listening: rollcalld has withdrawn its settings');
  }

  async #follow(handover: Handover): Promise<void> {
    const { logger } = this.#options;
    const { settings, tls } = handover;
    logger.setLevel(settings.logLevel);
    const before = this.#running;
    if (before === undefined || !listenAlike(before.handover.settings, settings)) {
      await this.#change(before, handover);
      return;
    }
    const isRenewed = !before.handover.tls.equals(tls);
    if (isRenewed) before.server.replaceCertificate(tls);
    this.#running = { server: before.server, handover };
    if (isRenewed) logger.info('the certificate was replaced');
  }

  /** Listens as the new settings say. Where that fails, the former ones stay in force. */
  async #change(before: Running | undefined, handover: Handover): Promise<void> {
    try {
      await this.#listen(handover);
    } catch (error) {
      if (before === undefined || !isAddressTaken(error)) throw error;
      await this.#changeInPlace(before, handover);
      return;
    }
    await before?.server[Symbol.asyncDispose]();
  }

  /** The running server may itself hold the address: it ends first, and begins again where the new one cannot listen. */
  async #changeInPlace(before: Running, handover: Handover): Promise<void> {
    this.#running = undefined;
    await before.server[Symbol.asyncDispose]();
    try {
      await this.#listen(handover);
    } catch (error) {
      // Not once more before the core hands over something else: each attempt ends all connections.
      this.#seen = handover.mark;
      await this.#listen(before.handover).catch((again: unknown) => {
        this.#seen = '';
        throw again;
      });
      throw error;
    }
  }

  async #listen(handover: Handover): Promise<void> {
    const { clock, folder, site, logger, onReady } = this.#options;
    const { settings, tls } = handover;
    const socketPath = join(folder, handoverFiles.socket);
    const server = await startGateServer({ settings, tls, socketPath, site, clock, logger });
    this.#running = { server, handover };
    logger.info('listening', { address: settings.address, port: server.port });
    onReady(server);
  }
}

/** True if a running server need not begin anew. */
function listenAlike(former: GateSettings, next: GateSettings): boolean {
  return isDeepStrictEqual({ ...former, logLevel: next.logLevel }, next);
}

function isAddressTaken(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE';
}

/** Differs when the file was replaced; undefined while there is none. */
async function markOf(path: string): Promise<string | undefined> {
  try {
    const { ino, mtimeMs, size } = await stat(path);
    return `${ino}-${mtimeMs}-${size}`;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function logFailure(logger: Logger, error: unknown): void {
  if (!isRollcallError(error)) {
    logger.error('the gate cannot use what rollcalld handed over', { reason: messageOf(error) });
    return;
  }
  const { code, message, remedy } = error;
  logger.error('the gate cannot use what rollcalld handed over', { code, reason: message, remedy });
}
