import { type Clock, sleep } from '../base/clock.js';
import type { RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Random } from '../base/random.js';
import { RetrySchedule } from '../base/retry.js';
import type { BoxIdentity } from '../domain/event-payload.js';
import type { BrokerAccess } from './broker-access.js';
import { connectBroker, type MqttVersion } from './broker-connection.js';
import { type CertificateStatus, CertificateWatch } from './certificate-watch.js';
import { Delivery } from './delivery.js';
import { encodeState, type StateToSay } from './encoding.js';
import type { EventKind, EventOutbox } from './event-outbox.js';
import { OutageLog } from './outage-log.js';
import { asPublishError } from './publish-errors.js';
import { defaultTimings, type PublisherTimings } from './publisher-timings.js';
import type { Topics } from './topics.js';
import { VersionChoice } from './version-choice.js';

export interface PublisherOptions {
  readonly broker: BrokerAccess;
  readonly topics: Topics;
  readonly from: BoxIdentity;
  readonly outbox: EventOutbox;
  /** Calls back whenever the outbox may have grown; returns how to stop. */
  readonly onRecorded: (listener: () => void) => () => void;
  /** Takes `count` numbers for the box's state messages and returns the last; never given twice, over restarts too. */
  readonly takeStateSequences: (count: number) => number;
  readonly gallery: {
    readonly state: () => StateToSay['gallery'];
    /** Calls back whenever the state has changed; returns how to stop. */
    readonly onChanged: (listener: () => void) => () => void;
  };
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  /** Replaces some of `defaultTimings`. */
  readonly timings?: Partial<PublisherTimings>;
}

export interface PublisherStatus {
  readonly connection: 'connecting' | 'connected' | 'waiting' | 'ended';
  /** `mqtt://host:port`. */
  readonly broker: string;
  readonly mqttVersion: '5' | '3.1.1' | undefined;
  /** Why there is no connection: present while connecting again and waiting. */
  readonly problem: RollcallError | undefined;
  readonly outboxDepth: number;
  /** Sent and not yet acknowledged. */
  readonly inFlightCount: number;
  /** Acknowledged since the start. */
  readonly publishedCount: number;
  /** Kinds of event whose topics the broker refuses at the moment. */
  readonly heldKinds: readonly EventKind[];
  /** Those of this box and of the broker that are known; none without TLS. */
  readonly certificates: readonly CertificateStatus[];
}

/** Brings the outbox to the broker for as long as it lives. Disposing says goodbye; what is left stays recorded. */
export interface Publisher extends AsyncDisposable {
  status(): PublisherStatus;
}

/** Starts publishing and returns at once, whether or not the broker can be reached. */
export function startPublisher(options: PublisherOptions): Publisher {
  const publisher = new RunningPublisher(options);
  publisher.start();
  return publisher;
}

/** State messages of one connection: the first, the last, and what may change between. */
const statesPerConnection = 100;

class RunningPublisher implements Publisher {
  readonly #options: PublisherOptions;
  readonly #timings: PublisherTimings;
  readonly #schedule: RetrySchedule;
  readonly #versions: VersionChoice;
  readonly #outage: OutageLog;
  readonly #certificates: CertificateWatch;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #connection: PublisherStatus['connection'] = 'connecting';
  #version: MqttVersion | undefined;
  #problem: RollcallError | undefined;
  #delivery: Delivery | undefined;
  #publishedCount = 0;

  constructor(options: PublisherOptions) {
    const { clock, random } = options;
    const logger = options.logger.child({ broker: options.broker.address.name });
    this.#options = { ...options, logger };
    this.#timings = { ...defaultTimings, ...options.timings };
    this.#schedule = new RetrySchedule(this.#timings.retry, clock, random);
    this.#versions = new VersionChoice(logger);
    this.#outage = new OutageLog({ clock, logger, outboxDepth: () => options.outbox.depth() });
    this.#certificates = new CertificateWatch(clock, logger);
  }

  start(): void {
    this.#certificates.start(this.#options.broker);
    const unsubscribe = this.#options.onRecorded(() => this.#delivery?.drain.pump());
    const forget = this.#options.gallery.onChanged(() => void this.#delivery?.sayChange());
    this.#running = this.#run().finally(() => {
      unsubscribe();
      forget();
      this.#certificates[Symbol.dispose]();
    });
  }

  status(): PublisherStatus {
    return {
      connection: this.#connection,
      broker: this.#options.broker.address.name,
      mqttVersion: this.#version && (this.#version === 5 ? '5' : '3.1.1'),
      problem: this.#problem,
      outboxDepth: this.#options.outbox.depth(),
      inFlightCount: this.#delivery?.drain.inFlightCount ?? 0,
      publishedCount: this.#publishedCount,
      heldKinds: this.#delivery?.drain.heldKinds ?? [],
      certificates: this.#certificates.status(),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#connection = 'connecting';
      const failure = await this.#connectAndDeliver().catch(asPublishError);
      this.#version = undefined;
      if (failure === undefined || signal.aborted) break;
      this.#connection = 'waiting';
      this.#problem = failure;
      this.#outage.failed(failure);
      // Aborting the wait is how it ends early; the loop looks at the signal.
      await sleep(clock, this.#schedule.failed(), signal).catch(() => undefined);
    }
    this.#connection = 'ended';
  }

  /** Resolves with why the connection could not be made or ended; undefined after a goodbye. */
  async #connectAndDeliver(): Promise<RollcallError | undefined> {
    const { broker, topics, from, clock, gallery, takeStateSequences, outbox, logger } = this.#options;
    const { signal } = this.#stop;
    // The last will is given to the broker now: its number must be above those of all messages until then.
    const offlineSequence = takeStateSequences(statesPerConnection);
    const onlineSequence = offlineSequence - statesPerConnection + 1;
    const lost = { state: 'offline', reason: 'connection-lost', sequence: offlineSequence } as const;
    const will = {
      topic: topics.state,
      payload: encodeState({ ...lost, gallery: gallery.state(), timeMs: clock.wallMs() }, from),
    };
    const connection = await this.#versions.connect((version) =>
      connectBroker({
        ...broker,
        ...this.#timings,
        version,
        will,
        signal,
        onSecured: ({ certificate }) => this.#certificates.sawBroker(certificate),
      }),
    );
    this.#version = connection.version;
    this.#delivery = new Delivery({
      connection,
      onlineSequence,
      offlineSequence,
      galleryState: gallery.state,
      outbox,
      topics,
      from,
      timings: this.#timings,
      clock,
      logger,
      onOnline: () => this.#onOnline(),
      onAcknowledged: () => {
        this.#publishedCount += 1;
        this.#schedule.progressed();
      },
    });
    try {
      return await this.#delivery.run(signal);
    } finally {
      // Staying connected, with every sign of life answered, is progress too.
      if (this.#problem === undefined) this.#schedule.progressed();
      this.#delivery = undefined;
    }
  }

  #onOnline(): void {
    this.#connection = 'connected';
    this.#problem = undefined;
    this.#schedule.progressed();
    this.#outage.connected({ mqttVersion: this.#version === 5 ? '5' : '3.1.1' });
  }
}
