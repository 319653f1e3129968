import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../daemon/base/clock.js';
import { type LogFields, type Logger, silentLogger } from '../../daemon/base/logger.js';
import type { BoxIdentity } from '../../daemon/domain/events/box-identity.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import type { BrokerAccess } from '../../daemon/publish/broker/broker-access.js';
import { brokerAddress } from '../../daemon/publish/broker/broker-address.js';
import { encodeEvent } from '../../daemon/publish/encoding.js';
import { type Publisher, startPublisher } from '../../daemon/publish/publisher.js';
import type { PublisherOptions } from '../../daemon/publish/publisher-options.js';
import type { PublisherTimings } from '../../daemon/publish/publisher-timings.js';
import type { Signer } from '../../daemon/publish/signer.js';
import { topicsOf } from '../../daemon/publish/topics.js';
import { GrantSeal } from '../../daemon/records/commands/grant-seal.js';
import { openRecords, type Records } from '../../daemon/records/open-records.js';

export const box = { siteId: 'site', boxId: 'box' } as const;
export const stateTopic = topicsOf('rollcall', box).state;

/**
 * Tries again soon enough for a test; everything else as in production. Above all the time that a broker has to answer: on a
 * busy machine a shorter one replaces connections that nothing is wrong with, and what was on its way comes twice.
 */
export const quickTimings: Partial<PublisherTimings> = {
  retry: { baseMs: 20, capMs: 100, sustainedMs: 1000 },
};

export function openTestRecords(path: string, from: BoxIdentity = box): Records {
  return openRecords({
    path,
    encode: (event) => encodeEvent(event, from, {}),
    clock: systemClock,
    random: systemRandom,
    seal: new GrantSeal(`${from.siteId}/${from.boxId}`, [new Uint8Array(32).fill(7)]),
  });
}

export interface TestPublisherOptions extends Partial<Omit<BrokerAccess, 'address'>> {
  readonly url: string;
  readonly records: Records;
  readonly logger?: Logger;
  readonly timings?: Partial<PublisherTimings>;
  /** By default `box`. */
  readonly from?: BoxIdentity;
  /** What the state message says; by default that the gallery is open. */
  readonly state?: PublisherOptions['state'];
  /** By default one whose signatures are nobody's. */
  readonly signer?: Signer | (() => Signer);
  /** By default the machine's. */
  readonly clock?: Clock;
  readonly nameOf?: PublisherOptions['nameOf'];
  readonly pictureOf?: PublisherOptions['pictureOf'];
  readonly companions?: PublisherOptions['companions'];
  readonly inbox?: PublisherOptions['inbox'];
  readonly conditions?: PublisherOptions['conditions'];
  readonly refused?: PublisherOptions['refused'];
}

/** A publisher wired as the daemon wires it. */
export function startTestPublisher({
  url,
  records,
  logger = silentLogger,
  timings,
  from = box,
  state = { current: () => ({ gallery: 'open', conditions: [] }), onChanged: () => () => undefined },
  signer = nobodysSigner,
  clock = systemClock,
  nameOf,
  pictureOf,
  companions,
  inbox,
  conditions,
  refused,
  ...access
}: TestPublisherOptions): Publisher {
  return startPublisher({
    broker: { address: brokerAddress(url), clientId: 'rollcall-site-box', ...access },
    topics: topicsOf('rollcall', from),
    from,
    outbox: records.outbox,
    onRecorded: records.onRecorded,
    takeStateSequences: records.takeStateSequences,
    state,
    signer: typeof signer === 'function' ? signer : () => signer,
    ...(nameOf === undefined ? {} : { nameOf }),
    ...(pictureOf === undefined ? {} : { pictureOf }),
    ...(companions === undefined ? {} : { companions }),
    ...(inbox === undefined ? {} : { inbox }),
    ...(conditions === undefined ? {} : { conditions }),
    ...(refused === undefined ? {} : { refused }),
    clock,
    random: systemRandom,
    logger,
    timings: { ...quickTimings, ...timings },
  });
}

/** Adds what has the form of a signature: for tests that are not about signing. */
export const nobodysSigner: Signer = {
  sign: (json) => Promise.resolve(`${json.slice(0, -1)},"signature":"nobody..signed"}`),
};

/** A folder that is gone afterwards. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface LogLine extends LogFields {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
}

export interface MemoryLog {
  readonly logger: Logger;
  readonly lines: readonly LogLine[];
  /** Resolves with the first line, past or future, that `isWanted`. */
  line(isWanted: (line: LogLine) => boolean): Promise<LogLine>;
}

/** Keeps every line, so that a test can wait for one. */
export function memoryLog(): MemoryLog {
  const lines: LogLine[] = [];
  const waiting = new Set<() => void>();
  const loggerWith = (context: LogFields): Logger => {
    const write = (level: LogLine['level']) => (message: string, fields?: LogFields) => {
      lines.push({ ...context, ...fields, level, message });
      for (const look of [...waiting]) look();
    };
    return {
      debug: write('debug'),
      info: write('info'),
      warn: write('warn'),
      error: write('error'),
      child: (fields) => loggerWith({ ...context, ...fields }),
    };
  };
  const line: MemoryLog['line'] = (isWanted) =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = lines.find(isWanted);
        if (!found) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return { logger: loggerWith({}), lines, line };
}
