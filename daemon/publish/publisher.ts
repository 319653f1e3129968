import { sleep, type Timer } from '../base/clock.js';
import type { RollcallError } from '../base/errors.js';
import { jitteredWaitMs, RetrySchedule } from '../base/retry.js';
import type { EventKind } from '../domain/events/event.js';
import { eventKinds } from '../domain/events/event-type.js';
import { Acceptance, type SentMessage } from './acceptance.js';
import { type BrokerConnection, connectBroker, type MqttVersion } from './broker/broker-connection.js';
import { type CertificateStatus, CertificateWatch } from './broker/certificate-watch.js';
import { VersionChoice } from './broker/version-choice.js';
import { CarefulConnection } from './careful-connection.js';
import { nobodyToTell } from './condition-port.js';
import { ContestWatch } from './contest-watch.js';
import { Delivery } from './delivery.js';
import { stateText } from './encoding.js';
import type { HeldBack } from './held-back.js';
import { OutageLog } from './outage-log.js';
import { asPublishError } from './publish-errors.js';
import type { PublisherOptions } from './publisher-options.js';
import { defaultTimings, type PublisherTimings } from './publisher-timings.js';
import { RefusedKinds } from './refused-kinds.js';
import type { Signer } from './signer.js';

export interface PublisherStatus {
  readonly connection: 'connecting' | 'connected' | 'waiting' | 'ended';
  /** `mqtt://host:port`. */
  readonly broker: string;
  readonly mqttVersion: '5' | '3.1.1' | undefined;
  /** Why there is no connection, while connecting again and waiting; also that another client contends for this one. */
  readonly problem: RollcallError | undefined;
  readonly outboxDepth: number;
  /** Sent and not yet acknowledged. */
  readonly inFlightCount: number;
  /** Acknowledged since the start. */
  readonly publishedCount: number;
  /** Kinds of event whose topics the broker refuses at the moment. */
  readonly heldKinds: readonly EventKind[];
  /** What waits because the broker did not take it; some of it may have left the outbox in another way. */
  readonly heldBack: readonly HeldBack[];
  /** Kinds of event of which the broker has acknowledged one since the start, and refuses none now. */
  readonly takenKinds: readonly EventKind[];
  /** Topics beside those of events and commands that the broker refuses, by an answer or by hanging up; `+` where a level differs. */
  readonly refusedTopics: readonly string[];
  /** The broker does not let the box read its commands. */
  readonly areCommandsRefused: boolean;
  /** Those of this box and of the broker that are known; none without TLS. */
  readonly certificates: readonly CertificateStatus[];
}

/** Brings the outbox to the broker for as long as it lives. Disposing says goodbye; what is left stays recorded. */
export interface Publisher extends AsyncDisposable {
  status(): PublisherStatus;
  /** Sequences that were sent and that the outbox does not know to have arrived. */
  onTheWay(): readonly number[];
  /** The broker refuses something of this box, which waits to be tried again. */
  isRefusedSomething(): boolean;
  /** Events came back into the outbox, `sequence` the first of them. */
  lookAgain(sequence: number): void;
}

/** Starts publishing and returns at once, whether or not the broker can be reached. */
export function startPublisher(options: PublisherOptions): Publisher {
  const publisher = new RunningPublisher(options);
  publisher.start();
  return publisher;
}

/**
 * Numbers for the state messages of one connection: the last will is given to the broker first and has the highest. One
 * change a minute lasts for two years of one connection.
 */
const statesPerConnection = 1_000_000;

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
  #onTheWay: readonly SentMessage[] = [];
  #startsAnew = false;
  #publishedCount = 0;
  readonly #acceptance: Acceptance;
  readonly #contest: ContestWatch;
  readonly #refused: RefusedKinds;
  /** Topics whose refusal shows in the kinds of event that wait, or as refused commands. */
  readonly #toldOtherwise: ReadonlySet<string>;
  #onlineSinceMs: number | undefined;
  #steady: Timer | undefined;

  constructor(options: PublisherOptions) {
    const { clock, random } = options;
    const logger = options.logger.child({ broker: options.broker.address.name });
    this.#options = { ...options, logger };
    this.#timings = { ...defaultTimings, ...options.timings };
    this.#schedule = new RetrySchedule(this.#timings.retry, clock, random);
    this.#versions = new VersionChoice(logger);
    this.#outage = new OutageLog({ clock, logger, outboxDepth: () => options.outbox.depth() });
    this.#certificates = new CertificateWatch(clock, logger);
    const { broker, conditions = nobodyToTell, refused = new RefusedKinds(conditions, clock) } = options;
    const { clientId, address } = broker;
    const { topics } = options;
    const ofEvents = eventKinds.map((kind) => topics.pattern(topics.event(kind, 'any')));
    this.#toldOtherwise = new Set([...ofEvents, topics.anyCommand]);
    this.#contest = new ContestWatch({ broker: address.name, clientId, conditions, logger });
    this.#refused = refused;
    this.#acceptance = new Acceptance({
      clock,
      logger,
      retryMs: this.#timings.heldRetryMs,
      onRetry: (sequence) => this.lookAgain(sequence),
    });
  }

  start(): void {
    this.#certificates.start(this.#options.broker);
    const unsubscribe = this.#options.onRecorded(() => this.#delivery?.drain.pump());
    const forget = this.#options.state.onChanged(() => void this.#delivery?.sayChange());
    this.#running = this.#run().finally(() => {
      unsubscribe();
      forget();
      this.#acceptance[Symbol.dispose]();
      return this.#certificates[Symbol.asyncDispose]();
    });
  }

  status(): PublisherStatus {
    return {
      connection: this.#connection,
      broker: this.#options.broker.address.name,
      mqttVersion: this.#version && (this.#version === 5 ? '5' : '3.1.1'),
      problem: this.#contest.problem ?? this.#problem,
      outboxDepth: this.#options.outbox.depth(),
      inFlightCount: this.#delivery?.drain.inFlightCount ?? 0,
      publishedCount: this.#publishedCount,
      heldKinds: this.#delivery?.drain.heldKinds ?? [],
      heldBack: [...this.#refused.heldBack(), ...this.#acceptance.heldBack()],
      takenKinds: this.#refused.takenKinds(),
      refusedTopics: this.#acceptance.refusedTopics.filter((topic) => !this.#toldOtherwise.has(topic)),
      areCommandsRefused: this.#refused.has('command'),
      certificates: this.#certificates.status(),
    };
  }

  onTheWay(): readonly number[] {
    return this.#delivery?.drain.onTheWay ?? [];
  }

  isRefusedSomething(): boolean {
    const { heldBack, refusedTopics, areCommandsRefused } = this.status();
    return heldBack.length > 0 || refusedTopics.length > 0 || areCommandsRefused;
  }

  lookAgain(sequence: number): void {
    this.#delivery?.drain.rewind(sequence);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random } = this.#options;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#connection = 'connecting';
      const failure = await this.#connectAndDeliver().catch(asPublishError);
      const livedMs = this.#wentOffline();
      this.#version = undefined;
      if (failure === undefined || signal.aborted) break;
      this.#connection = 'waiting';
      this.#problem = failure;
      // A broker of MQTT 3.1.1 would bring what it keeps for the box again and again.
      if (failure.code === 'broker-packet-too-large') this.#startsAnew = true;
      const ending = this.#acceptance.ended(failure, this.#onTheWay);
      this.#onTheWay = [];
      this.#contest.ended(failure, livedMs, ending);
      // A message on which the broker hangs up is reported apart, and all others are delivered: that is not an outage.
      if (!ending.isExplained) this.#outage.failed(failure);
      // Where it is known what not to send, the next connection gets further: no reason to wait longer each time.
      const waitMs = ending.isExplained
        ? jitteredWaitMs(this.#timings.retry, 0, random)
        : this.#schedule.failed();
      // Aborting the wait is how it ends early; the loop looks at the signal.
      await sleep(clock, waitMs, signal).catch(() => undefined);
    }
    this.#connection = 'ended';
  }

  /** Resolves with why the connection could not be made or ended; undefined after a goodbye. */
  async #connectAndDeliver(): Promise<RollcallError | undefined> {
    const { topics, from, clock, state, nameOf, pictureOf, companions = [] } = this.#options;
    const { takeStateSequences, outbox, logger } = this.#options;
    // The last will is given to the broker now: its number must be above those of all messages until then.
    const offlineSequence = takeStateSequences(statesPerConnection);
    const onlineSequence = offlineSequence - statesPerConnection + 1;
    const signer = this.#options.signer();
    const acceptance = this.#acceptance;
    const connection = new CarefulConnection({
      connection: await this.#connect(signer, offlineSequence),
      acceptance,
      topics,
    });
    this.#version = connection.version;
    this.#delivery = new Delivery({
      connection,
      onlineSequence,
      offlineSequence,
      boxState: state.current,
      outbox,
      topics,
      from,
      signer,
      ...(nameOf === undefined ? {} : { nameOf }),
      ...(pictureOf === undefined ? {} : { pictureOf }),
      companions,
      timings: this.#timings,
      clock,
      logger,
      onOnline: () => this.#onOnline(),
      passedOver: acceptance.passedOver,
      onAcknowledged: (kind) => {
        this.#publishedCount += 1;
        this.#schedule.progressed();
        this.#refused.taken(kind);
      },
      onRefused: (kind, refusal) => this.#refused.refused(kind, refusal),
      onTooLarge: (sequence, kind, error) => acceptance.tooLarge(sequence, kind, error),
    });
    try {
      return await this.#delivery.run(this.#stop.signal);
    } finally {
      // Staying connected, with every sign of life answered, is progress too.
      if (this.#problem === undefined) this.#schedule.progressed();
      this.#onTheWay = connection.onTheWay;
      this.#delivery = undefined;
    }
  }

  async #connect(signer: Signer, offlineSequence: number): Promise<BrokerConnection> {
    const { broker, topics, from, clock, state, outbox, inbox } = this.#options;
    const lost = { state: 'offline', reason: 'connection-lost', sequence: offlineSequence } as const;
    const lastWords = await signer.sign(
      stateText(
        { ...lost, ...state.current(), lastSequence: outbox.newestSequence(), timeMs: clock.wallMs() },
        from,
      ),
    );
    const will = { topic: topics.state, payload: new TextEncoder().encode(lastWords) };
    return this.#versions.connect((version) =>
      connectBroker({
        ...broker,
        ...this.#timings,
        version,
        will,
        ...(inbox === undefined ? {} : { inbox }),
        startsAnew: this.#startsAnew,
        signal: this.#stop.signal,
        onSecured: ({ certificate }) => this.#certificates.sawBroker(certificate),
      }),
    );
  }

  #onOnline(): void {
    const { clock } = this.#options;
    this.#connection = 'connected';
    this.#startsAnew = false;
    this.#onlineSinceMs = clock.monotonicMs();
    this.#steady = clock.after(this.#timings.steadyAfterMs, () => {
      this.#contest.lasted();
      this.#refused.lasted();
      this.#acceptance.lasted();
    });
    this.#problem = undefined;
    this.#schedule.progressed();
    this.#outage.connected({ mqttVersion: this.#version === 5 ? '5' : '3.1.1' });
  }

  /** Returns for how long the box was online, milliseconds; undefined where it was not. */
  #wentOffline(): number | undefined {
    const sinceMs = this.#onlineSinceMs;
    this.#onlineSinceMs = undefined;
    this.#steady?.cancel();
    return sinceMs === undefined ? undefined : this.#options.clock.monotonicMs() - sinceMs;
  }
}
