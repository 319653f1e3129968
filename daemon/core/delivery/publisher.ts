import type { BrokerState } from '../../kernel/broker.js';
import { sleep, type Timer } from '../../kernel/clock.js';
import type { RollcallError } from '../../kernel/errors.js';
import type { EventKind } from '../../kernel/events/event.js';
import { eventKinds } from '../../kernel/events/event-type.js';
import { present } from '../../kernel/present.js';
import { jitteredWaitMs, RetrySchedule } from '../../kernel/retry.js';
import { type BrokerConnection, connectBroker, type MqttVersion } from './broker/broker-connection.js';
import { type CertificateStatus, CertificateWatch } from './broker/certificate-watch.js';
import { VersionChoice } from './broker/version-choice.js';
import { BrokerRefusals } from './broker-refusals.js';
import { CarefulConnection } from './careful-connection.js';
import { ClientIdWatch } from './client-id-watch.js';
import { ignoredConditions } from './condition-port.js';
import { Delivery } from './delivery.js';
import { stateText } from './encoding.js';
import { HangUpHistory, type SentMessage } from './hang-up-history.js';
import type { HeldBackEvent } from './held-back-event.js';
import { OutageLog } from './outage-log.js';
import { asPublishError } from './publish-errors.js';
import { defaultTimings, type PublisherOptions, type PublisherTimings } from './publisher-options.js';
import type { Signer } from './signer.js';

export interface PublisherStatus {
  readonly connection: BrokerState;
  /** `mqtt://host:port`. */
  readonly broker: string;
  readonly mqttVersion: '5' | '3.1.1' | undefined;
  /** Why there is no connection; also that another client uses the client id of this box. */
  readonly problem: RollcallError | undefined;
  readonly outboxDepth: number;
  /** Events sent and not yet acknowledged. */
  readonly inFlightCount: number;
  /** Events acknowledged since the start. */
  readonly publishedCount: number;
  /** Kinds of event whose topics the broker refuses now. */
  readonly heldKinds: readonly EventKind[];
  /** Events that the broker did not take. Some may have left the outbox since: given up, or confirmed by a centre. */
  readonly heldBack: readonly HeldBackEvent[];
  /** Kinds of event of which the broker has acknowledged one since the start and refuses none now. */
  readonly takenKinds: readonly EventKind[];
  /** Topics other than those of events and commands that the broker refuses or hangs up on; `+` for levels that differ. */
  readonly refusedTopics: readonly string[];
  /** The broker does not let the box read its commands. */
  readonly areCommandsRefused: boolean;
  /** Known certificates of this box and of the broker; none without TLS. */
  readonly certificates: readonly CertificateStatus[];
}

/** Starts publishing and returns without waiting for the broker. */
export function startPublisher(options: PublisherOptions): Publisher {
  const publisher = new Publisher(options);
  publisher.start();
  return publisher;
}

/**
 * Numbers for the state messages of one connection. The last will is given to the broker first and has the highest number.
 * At one change a minute they last for two years.
 */
const statesPerConnection = 1_000_000;

interface StateSequences {
  readonly online: number;
  readonly offline: number;
}

/** Delivers the outbox to the broker. Disposing says goodbye; what was not delivered stays recorded. */
export class Publisher implements AsyncDisposable {
  readonly #options: PublisherOptions;
  readonly #timings: PublisherTimings;
  readonly #schedule: RetrySchedule;
  readonly #versions: VersionChoice;
  readonly #outage: OutageLog;
  readonly #certificates: CertificateWatch;
  readonly #hangUps: HangUpHistory;
  readonly #clientIds: ClientIdWatch;
  readonly #refusals: BrokerRefusals;
  /** Topics whose refusal the status shows as held-back events or as refused commands. */
  readonly #topicsShownElsewhere: ReadonlySet<string>;
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #connection: PublisherStatus['connection'] = 'connecting';
  #version: MqttVersion | undefined;
  #problem: RollcallError | undefined;
  #delivery: Delivery | undefined;
  /** Messages that the broker had not answered when the last connection ended. */
  #unanswered: readonly SentMessage[] = [];
  #startsAnew = false;
  #publishedCount = 0;
  #onlineSinceMs: number | undefined;
  #steady: Timer | undefined;

  constructor(options: PublisherOptions) {
    const { broker, topics, clock, random, conditions = ignoredConditions } = options;
    const { clientId, address } = broker;
    const logger = options.logger.child({ broker: address.name });
    this.#options = { ...options, logger };
    this.#timings = { ...defaultTimings, ...options.timings };
    this.#schedule = new RetrySchedule(this.#timings.retry, clock, random);
    this.#versions = new VersionChoice(logger);
    this.#outage = new OutageLog({ clock, logger, outboxDepth: () => options.outbox.depth() });
    this.#certificates = new CertificateWatch(clock, logger);
    const eventPatterns = eventKinds.map((kind) => topics.pattern(topics.event(kind, 'any')));
    this.#topicsShownElsewhere = new Set([...eventPatterns, topics.anyCommand]);
    this.#clientIds = new ClientIdWatch({ broker: address.name, clientId, conditions, logger });
    this.#refusals = options.refusals ?? new BrokerRefusals(conditions, clock);
    this.#hangUps = new HangUpHistory({
      clock,
      logger,
      retryMs: this.#timings.heldRetryMs,
      onRetry: (sequence) => this.rewind(sequence),
    });
  }

  start(): void {
    this.#certificates.start(this.#options.broker);
    const stopPumping = this.#options.onRecorded(() => this.#delivery?.drain.pump());
    const stopStates = this.#options.state.onChanged(() => void this.#delivery?.publishChange());
    this.#running = this.#run().finally(() => {
      stopPumping();
      stopStates();
      this.#hangUps[Symbol.dispose]();
      return this.#certificates[Symbol.asyncDispose]();
    });
  }

  status(): PublisherStatus {
    return {
      connection: this.#connection,
      broker: this.#options.broker.address.name,
      mqttVersion: this.#version && versionName(this.#version),
      problem: this.#clientIds.problem ?? this.#problem,
      outboxDepth: this.#options.outbox.depth(),
      inFlightCount: this.#delivery?.drain.inFlightCount ?? 0,
      publishedCount: this.#publishedCount,
      heldKinds: this.#delivery?.drain.heldKinds ?? [],
      heldBack: [...this.#refusals.heldBack(), ...this.#hangUps.heldBack()],
      takenKinds: this.#refusals.takenKinds(),
      refusedTopics: this.#hangUps.refusedTopics.filter((topic) => !this.#topicsShownElsewhere.has(topic)),
      areCommandsRefused: this.#refusals.has('command'),
      certificates: this.#certificates.status(),
    };
  }

  /** Sequences that were sent and not yet deleted from the outbox. */
  onTheWay(): readonly number[] {
    return this.#delivery?.drain.onTheWay ?? [];
  }

  /** The broker refuses messages of this box, which wait to be tried again. */
  hasRefusals(): boolean {
    const { heldBack, refusedTopics, areCommandsRefused } = this.status();
    return heldBack.length > 0 || refusedTopics.length > 0 || areCommandsRefused;
  }

  /** Reads the outbox again from `sequence` on, because events were put back into it. */
  rewind(sequence: number): void {
    this.#delivery?.drain.rewind(sequence);
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
      const onlineForMs = this.#wentOffline();
      if (failure === undefined || signal.aborted) break;
      const waitMs = this.#waitAfter(failure, onlineForMs);
      // An abort only ends the wait early: the loop checks the signal.
      await sleep(clock, waitMs, signal).catch(() => undefined);
    }
    this.#connection = 'ended';
  }

  /** Resolves with why the connection could not be made or ended; undefined after a goodbye. */
  async #connectAndDeliver(): Promise<RollcallError | undefined> {
    const sequences = this.#takeStateSequences();
    const signer = this.#options.signer();
    const connection = await this.#connect(signer, sequences);
    const delivery = this.#deliveryOver(connection, signer, sequences);
    this.#version = connection.version;
    this.#delivery = delivery;
    try {
      return await delivery.run(this.#stop.signal);
    } finally {
      // A connection that stayed up and answered its pings is progress too.
      if (this.#problem === undefined) this.#schedule.progressed();
      this.#unanswered = connection.onTheWay;
      this.#delivery = undefined;
    }
  }

  /** The number of the last will must be above those of all other state messages of the connection. */
  #takeStateSequences(): StateSequences {
    const offline = this.#options.takeStateSequences(statesPerConnection);
    return { online: offline - statesPerConnection + 1, offline };
  }

  async #connect(signer: Signer, sequences: StateSequences): Promise<CarefulConnection> {
    const { broker, topics, inbox } = this.#options;
    const will = { topic: topics.state, payload: await this.#lastWill(signer, sequences) };
    const connection = await this.#versions.connect(
      (version): Promise<BrokerConnection> =>
        connectBroker({
          ...broker,
          ...this.#timings,
          ...{ version, will },
          ...present({ inbox }),
          startsAnew: this.#startsAnew,
          signal: this.#stop.signal,
          onSecured: ({ certificate }) => this.#certificates.sawBroker(certificate),
        }),
    );
    return new CarefulConnection({ connection, hangUps: this.#hangUps, topics });
  }

  async #lastWill(signer: Signer, { offline: sequence }: StateSequences): Promise<Uint8Array> {
    const { from, clock, state, outbox } = this.#options;
    const facts = { state: 'offline', reason: 'connection-lost', sequence } as const;
    const lastSequence = outbox.newestSequence();
    const text = stateText({ ...facts, ...state.current(), lastSequence, timeMs: clock.wallMs() }, from);
    return new TextEncoder().encode(await signer.sign(text));
  }

  #deliveryOver(connection: CarefulConnection, signer: Signer, sequences: StateSequences): Delivery {
    const { topics, from, clock, state, outbox, logger, nameOf, pictureOf } = this.#options;
    const { connectionTasks = [], onDelivered } = this.#options;
    return new Delivery({
      ...{ connection, signer, topics, from, clock, outbox, logger, connectionTasks },
      ...present({ nameOf, pictureOf, onDelivered }),
      onlineSequence: sequences.online,
      offlineSequence: sequences.offline,
      boxState: state.current,
      passages: state.passages,
      timings: this.#timings,
      skipped: this.#hangUps.skipped,
      onOnline: () => this.#wentOnline(),
      onAcknowledged: (kind) => this.#acknowledged(kind),
      onRefused: (kind, refusal) => this.#refusals.refused(kind, refusal),
      onTooLarge: (sequence, kind, error) => this.#hangUps.tooLarge(sequence, kind, error),
    });
  }

  #wentOnline(): void {
    const { clock } = this.#options;
    this.#connection = 'connected';
    this.#startsAnew = false;
    this.#onlineSinceMs = clock.monotonicMs();
    this.#steady = clock.after(this.#timings.steadyAfterMs, () => {
      this.#clientIds.lasted();
      this.#refusals.lasted();
      this.#hangUps.lasted();
    });
    this.#problem = undefined;
    this.#schedule.progressed();
    this.#outage.connected({ mqttVersion: versionName(this.#version) });
  }

  #acknowledged(kind: EventKind): void {
    this.#publishedCount += 1;
    this.#schedule.progressed();
    this.#refusals.taken(kind);
  }

  /** Returns how long the box was online, milliseconds; undefined where it was not. */
  #wentOffline(): number | undefined {
    const sinceMs = this.#onlineSinceMs;
    this.#onlineSinceMs = undefined;
    this.#version = undefined;
    this.#steady?.cancel();
    return sinceMs === undefined ? undefined : this.#options.clock.monotonicMs() - sinceMs;
  }

  /** Notes why a connection failed or ended. Returns how long to wait before the next one, milliseconds. */
  #waitAfter(failure: RollcallError, onlineForMs: number | undefined): number {
    this.#connection = 'waiting';
    this.#problem = failure;
    // A broker of MQTT 3.1.1 would deliver the message that is too large again on every connection.
    if (failure.code === 'broker-packet-too-large') this.#startsAnew = true;
    const ending = this.#hangUps.ended(failure, this.#unanswered);
    this.#unanswered = [];
    this.#clientIds.ended(failure, onlineForMs, ending);
    // The cause is reported as a held-back message, and the next connection gets further: no outage, no growing wait.
    if (ending.isExplained) return jitteredWaitMs(this.#timings.retry, 0, this.#options.random);
    this.#outage.failed(failure);
    return this.#schedule.failed();
  }
}

const versionName = (version: MqttVersion | undefined): '5' | '3.1.1' => (version === 5 ? '5' : '3.1.1');
