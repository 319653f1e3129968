import { newRandomBytes } from '../../../host/sodium.js';
import type { BrokerCheckStep } from '../../../kernel/broker.js';
import type { CheckOutcome } from '../../../kernel/check-outcome.js';
import type { Clock } from '../../../kernel/clock.js';
import { counted } from '../../../kernel/counted.js';
import { isRollcallError, type RollcallError } from '../../../kernel/errors.js';
import { eventKinds } from '../../../kernel/events/event-type.js';
import { silentLogger } from '../../../kernel/logger.js';
import { present } from '../../../kernel/present.js';
import { raceTimeout } from '../../../kernel/race-timeout.js';
import { failure } from '../../../words/errors.js';
import { asPublishError, hangUpError, isHangUp, subscriptionHangUp } from '../publish-errors.js';
import type { Topics } from '../topics.js';
import type { BrokerAccess } from './broker-access.js';
import { explainMqttFailure, explainTlsFailure } from './broker-check-causes.js';
import { type BrokerConnection, connectBroker, type MqttVersion } from './broker-connection.js';
import { brokerError, problemOf } from './broker-errors.js';
import { reachPort, resolveHost, Silence, shakeHands } from './broker-probes.js';
import { isAddress, type TlsFacts, usesTls } from './broker-socket.js';
import { certificateFacts } from './certificate-facts.js';
import { certificateStatus } from './certificate-watch.js';
import { costOfOldMqtt, VersionChoice } from './version-choice.js';

/** The result of one step. `warning`: it works, but needs attention. */
export interface CheckStep {
  readonly check: BrokerCheckStep;
  readonly outcome: CheckOutcome;
  readonly message: string;
  readonly code?: string;
  readonly remedy?: string;
}

export interface BrokerCheckOptions {
  readonly access: BrokerAccess;
  readonly topics: Topics;
  readonly clock: Clock;
  /** Of each step. */
  readonly timeoutMs: number;
  /** Also publishes the test message on every topic of events, where subscribers receive it. Default false. */
  readonly triesEvents?: boolean;
}

/**
 * Connects to the broker as the daemon does, step by step, and ends with the first failed step. It uses its own client id, so that a
 * running daemon keeps its connection, and publishes one message on the `check` topic of the box. With `triesEvents`, one step
 * `topic` for each kind of event follows; these continue after a failure.
 */
export async function* checkBroker(options: BrokerCheckOptions): AsyncGenerator<CheckStep> {
  const { access, timeoutMs } = options;
  const { name, host } = access.address;
  const certificate = clientCertificateStep(options);
  if (certificate !== undefined) yield certificate;
  if (certificate?.outcome === 'failed') return;
  try {
    const addresses = await resolveHost(host);
    yield done('name', isAddress(host) ? `${host} is an address` : `${host} is ${addresses.join(', ')}`);
  } catch (error) {
    yield failed('name', brokerError(problemOf(error, 'name'), name, error));
    return;
  }
  try {
    yield done('port', `connected to ${await reachPort(access, timeoutMs)}`);
  } catch (error) {
    const problem = error instanceof Silence ? 'unreachable' : problemOf(error, 'unreachable');
    yield failed('port', brokerError(problem, name, error));
    return;
  }
  if (usesTls(access)) {
    try {
      yield tlsStep(await shakeHands(access, timeoutMs), options);
    } catch (error) {
      yield failed('tls', await explainTlsFailure(error, access, timeoutMs));
      return;
    }
  }
  yield* checkMqtt(options);
}

async function* checkMqtt(options: BrokerCheckOptions): AsyncGenerator<CheckStep> {
  const { access, topics, clock, timeoutMs, triesEvents = false } = options;
  const clientId = `${access.clientId.slice(0, 50)}-check-${hex(3)}`;
  const timings = { connectTimeoutMs: timeoutMs, keepaliveS: 15, signal: new AbortController().signal };
  const versions = new VersionChoice(silentLogger);
  const connect = (): Promise<BrokerConnection> =>
    versions.connect((version) => connectBroker({ ...access, ...timings, clientId, version }));
  let connection: BrokerConnection;
  try {
    connection = await connect();
  } catch (error) {
    yield failed('mqtt', await explainMqttFailure(error, access, timeoutMs));
    return;
  }
  const token = hex(16);
  try {
    yield mqttStep(connection.version, access, clientId);
    const waits = { clock, timeoutMs };
    let isWell = true;
    for await (const step of sendToSelf(connection, { topic: topics.check, token, ...waits })) {
      isWell &&= step.outcome !== 'failed';
      yield step;
    }
    if (isWell && triesEvents) yield* tryTopics(connect, { topics, token, ...waits });
  } finally {
    await raceTimeout(clock, timeoutMs, connection.end());
  }
}

/** The names under which the broker knows this box. */
function mqttStep(version: MqttVersion, access: BrokerAccess, clientId: string): CheckStep {
  const { credential, clientCertificate } = access;
  const names = [
    ...(credential === undefined ? [] : [`user "${credential.user}"`]),
    ...(clientCertificate === undefined || !usesTls(access)
      ? []
      : [`the certificate "${certificateFacts(clientCertificate.certificate).subject}"`]),
  ];
  const who = names.length === 0 ? 'without user and certificate' : `as ${names.join(' with ')}`;
  const about = `MQTT ${version === 5 ? '5' : '3.1.1'}, ${who}, client id "${clientId}"`;
  if (version === 5) return done('mqtt', about);
  const { message, remedy } = costOfOldMqtt;
  return { check: 'mqtt', outcome: 'warning', message: `${about}. ${message}`, remedy };
}

interface Waits {
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** Publishes one message on the topic of each kind of event, each over its own connection, because some brokers hang up. */
async function* tryTopics(
  connect: () => Promise<BrokerConnection>,
  { topics, token, clock, timeoutMs }: Waits & { readonly topics: Topics; readonly token: string },
): AsyncGenerator<CheckStep> {
  for (const kind of eventKinds) {
    const topic = topics.event(kind, token);
    let connection: BrokerConnection;
    try {
      connection = await connect();
    } catch (error) {
      yield failed('topic', asPublishError(error));
      return;
    }
    const proof = connection.version === 5 ? 'took' : 'acknowledged (MQTT 3.1.1: it may have dropped it)';
    const work = publishCheck(connection, topic, token);
    yield await stepOf('topic', `the broker ${proof} a message on ${topic}`, { work, clock, timeoutMs });
    await raceTimeout(clock, timeoutMs, connection.end());
  }
}

/** Publishes the test message, which is not an event. Rejects as `BrokerConnection.publish` does; a hang-up is a refusal. */
async function publishCheck(connection: BrokerConnection, topic: string, token: string): Promise<void> {
  const payload = new TextEncoder().encode(JSON.stringify({ version: 1, check: token }));
  try {
    await connection.publish(topic, payload, { isRetained: false });
  } catch (error) {
    if (!isHangUp(error)) throw error;
    throw hangUpError({ pattern: topic, topic, sizeBytes: payload.byteLength }, 1, 0);
  }
}

async function* sendToSelf(
  connection: BrokerConnection,
  { topic, token, clock, timeoutMs }: Waits & { readonly topic: string; readonly token: string },
): AsyncGenerator<CheckStep> {
  let arrived = (): void => undefined;
  const receipt = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const isOurs = (payload: Uint8Array): boolean => new TextDecoder().decode(payload).includes(token);
  const subscribed = connection.subscribe(topic, (payload) => {
    if (isOurs(payload)) arrived();
  });
  const asked = await stepOf('subscribe', `the broker lets this box read ${topic}`, {
    work: subscribed.catch((error: unknown) => {
      throw isHangUp(error) ? subscriptionHangUp(topic) : error;
    }),
    clock,
    timeoutMs,
  });
  yield asked;
  if (asked.outcome === 'failed') return;
  const published = await stepOf('publish', `the broker took a message on ${topic}`, {
    work: publishCheck(connection, topic, token),
    clock,
    timeoutMs,
  });
  yield published;
  if (published.outcome === 'failed') return;
  const ending = await raceTimeout(clock, timeoutMs, Promise.race([receipt, connection.closed]));
  if (ending === undefined) yield done('receive', 'the message came back');
  else yield failed('receive', ending === 'late' ? notReceived(topic, connection.version === 5) : ending);
}

async function stepOf(
  check: BrokerCheckStep,
  message: string,
  { work, clock, timeoutMs }: Waits & { readonly work: Promise<void> },
): Promise<CheckStep> {
  try {
    if ((await raceTimeout(clock, timeoutMs, work)) !== 'late') return done(check, message);
    return failed(check, failure('broker-silent'));
  } catch (error) {
    if (isRollcallError(error)) return failed(check, error);
    throw error;
  }
}

function notReceived(topic: string, tellsRefusals: boolean): RollcallError {
  const cause = tellsRefusals
    ? `its access rules do not let this box read ${topic}`
    : `its access rules do not let this box publish on ${topic} or do not let it read the topic (MQTT 3.1.1 cannot tell which)`;
  return failure('broker-check-not-received', { cause, topic }, { details: { topic } });
}

function clientCertificateStep({ access, clock }: BrokerCheckOptions): CheckStep | undefined {
  const { clientCertificate } = access;
  if (clientCertificate === undefined || !usesTls(access)) return undefined;
  const facts = certificateFacts(clientCertificate.certificate);
  const status = certificateStatus('client', facts, clock.wallMs());
  const { state, notBefore, notAfter, daysLeft } = status;
  const about = `"${facts.subject}", ${notBefore} to ${notAfter}, ${counted(daysLeft, 'day')} left`;
  if (state === 'in force') return done('client certificate', about);
  return {
    check: 'client certificate',
    outcome: state === 'expires soon' ? 'warning' : 'failed',
    message: `${state}: ${about}`,
    code: 'client-certificate-not-in-force',
    remedy:
      'Renew it in the secret that mqtt.clientCertificate names, and reload. Check the clock of this machine.',
  };
}

function tlsStep(facts: TlsFacts | undefined, { access, clock }: BrokerCheckOptions): CheckStep {
  if (facts === undefined) return done('tls', 'shook hands');
  const { protocol, cipher, alpn, certificate } = facts;
  const { state, names, notBefore, notAfter, daysLeft } = certificateStatus(
    'broker',
    certificate,
    clock.wallMs(),
  );
  const chosen =
    access.alpn === undefined ? '' : `, application protocol ${alpn ?? 'not chosen by the broker'}`;
  const message = `${protocol}, ${cipher}${chosen}; certificate for ${names}, by ${certificate.issuer}, ${notBefore} to ${notAfter}, ${counted(daysLeft, 'day')} left`;
  if (state === 'in force') return done('tls', message);
  return {
    check: 'tls',
    outcome: 'warning',
    message,
    remedy: 'Have the operator of the broker renew its certificate.',
  };
}

const hex = (count: number): string => Buffer.from(newRandomBytes(count)).toString('hex');

const done = (check: BrokerCheckStep, message: string): CheckStep => ({ check, outcome: 'ok', message });

function failed(check: BrokerCheckStep, { code, message, remedy }: RollcallError): CheckStep {
  return { check, outcome: 'failed', message, code, ...present({ remedy }) };
}
