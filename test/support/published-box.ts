import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import type { BrokerAccess } from '../../daemon/core/delivery/broker/broker-access.js';
import { brokerAddress } from '../../daemon/core/delivery/broker/broker-address.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { type Publisher, startPublisher } from '../../daemon/core/delivery/publisher.js';
import type { PublisherOptions, PublisherTimings } from '../../daemon/core/delivery/publisher-options.js';
import type { Signer } from '../../daemon/core/delivery/signer.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { GrantSeal } from '../../daemon/core/records/seals/grant-seal.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import type { BoxIds } from '../../daemon/kernel/ids.js';
import { type LogFields, type Logger, silentLogger } from '../../daemon/kernel/logger.js';
import { present } from '../../daemon/kernel/present.js';

export const box = { siteId: 'site', boxId: 'box' } as const;
export const stateTopic = topicsOf('rollcall', box).state;

/**
 * Retries soon enough for a test; everything else is as in production, above all the time that a broker has to answer. On a
 * busy machine, a shorter time would replace good connections and send events on the way twice.
 */
export const quickTimings: Partial<PublisherTimings> = {
  retry: { baseMs: 20, capMs: 100, sustainedMs: 1000 },
};

export function openTestRecords(path: string, from: BoxIds = box): RecordStores {
  const auditKeys = [new Uint8Array(32).fill(7)];
  return openRecordStores({
    path,
    encode: (event) => encodeEvent(event, from, {}),
    clock: systemClock,
    random: systemRandom,
    seal: new GrantSeal(`${from.siteId}/${from.boxId}`, auditKeys),
    auditKeys,
  });
}

export interface TestPublisherOptions extends Partial<Omit<BrokerAccess, 'address'>> {
  readonly url: string;
  readonly records: RecordStores;
  readonly logger?: Logger;
  readonly timings?: Partial<PublisherTimings>;
  /** By default `box`. */
  readonly from?: BoxIds;
  /** The part of the state message that describes the box; by default the gallery is open. */
  readonly state?: PublisherOptions['state'];
  /** By default a signer with invalid signatures. */
  readonly signer?: Signer | (() => Signer);
  /** By default the clock of the machine. */
  readonly clock?: Clock;
  readonly nameOf?: PublisherOptions['nameOf'];
  readonly pictureOf?: PublisherOptions['pictureOf'];
  readonly connectionTasks?: PublisherOptions['connectionTasks'];
  readonly inbox?: PublisherOptions['inbox'];
  readonly conditions?: PublisherOptions['conditions'];
  readonly refusals?: PublisherOptions['refusals'];
}

/** A publisher that is wired as in the daemon. */
export function startTestPublisher({
  url,
  records,
  logger = silentLogger,
  timings,
  from = box,
  state = {
    current: () => ({ gallery: 'open', conditions: [] }),
    passages: () => ({ count: 0, byOutcome: {} }),
    onChanged: () => () => undefined,
  },
  signer = unsignedSigner,
  clock = systemClock,
  nameOf,
  pictureOf,
  connectionTasks,
  inbox,
  conditions,
  refusals,
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
    ...present({ nameOf, pictureOf, connectionTasks, inbox, conditions, refusals }),
    clock,
    random: systemRandom,
    logger,
    timings: { ...quickTimings, ...timings },
  });
}

/** Adds a text in the form of a signature, for tests that are not about signing. */
export const unsignedSigner: Signer = {
  sign: (json) => Promise.resolve(`${json.slice(0, -1)},"signature":"nobody..signed"}`),
};

/** A folder that is removed afterwards. */
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
  /** Resolves with the first line, past or future, for which `isWanted`. */
  line(isWanted: (line: LogLine) => boolean): Promise<LogLine>;
}

/** Keeps all lines, so that a test can wait for one. */
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
