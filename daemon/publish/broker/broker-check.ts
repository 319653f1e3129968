import type { Clock } from '../../base/clock.js';
import { counted } from '../../base/counted.js';
import { isRollcallError, operational, type RollcallError } from '../../base/errors.js';
import { silentLogger } from '../../base/logger.js';
import { newRandomBytes } from '../../host/sodium.js';
import type { Topics } from '../topics.js';
import { within } from '../within.js';
import type { BrokerAccess } from './broker-access.js';
import { explainMqttFailure, explainTlsFailure } from './broker-check-causes.js';
import { type BrokerConnection, connectBroker } from './broker-connection.js';
import { brokerError, problemOf } from './broker-errors.js';
import { reachPort, resolveHost, Silence, shakeHands } from './broker-probes.js';
import { type TlsFacts, usesTls } from './broker-socket.js';
import { certificateFacts } from './certificate-facts.js';
import { certificateStatus } from './certificate-watch.js';
import { VersionChoice } from './version-choice.js';

/** The steps of a check, in their order. */
export type CheckStepName =
  | 'client certificate'
  | 'name'
  | 'port'
  | 'tls'
  | 'mqtt'
  | 'subscribe'
  | 'publish'
  | 'receive';

/** What one step came to. `warning`: it works, but somebody should look. */
export interface CheckStep {
  readonly check: CheckStepName;
  readonly outcome: 'ok' | 'warning' | 'failed';
  readonly message: string;
  readonly code?: string;
  readonly remedy?: string;
}

export interface BrokerCheckOptions {
  readonly access: BrokerAccess;
  readonly topics: Topics;
  readonly clock: Clock;
  /** For each step by itself. */
  readonly timeoutMs: number;
}

/**
 * Goes the way of the daemon to the broker step by step, and ends with the first that fails. It connects under a client id
 * of its own, so that a running daemon keeps its connection, and publishes one message under the box's `check` topic.
 */
export async function* checkBroker(options: BrokerCheckOptions): AsyncGenerator<CheckStep> {
  const { access, timeoutMs } = options;
  const { name, host } = access.address;
  const certificate = clientCertificateStep(options);
  if (certificate !== undefined) yield certificate;
  if (certificate?.outcome === 'failed') return;
  try {
    const addresses = await resolveHost(host);
    yield done('name', `${host} is ${addresses.join(', ')}`);
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

async function* checkMqtt({
  access,
  topics,
  clock,
  timeoutMs,
}: BrokerCheckOptions): AsyncGenerator<CheckStep> {
  const clientId = `${access.clientId.slice(0, 50)}-check-${hex(3)}`;
  const timings = { connectTimeoutMs: timeoutMs, keepaliveS: 15, signal: new AbortController().signal };
  let connection: BrokerConnection;
  try {
    connection = await new VersionChoice(silentLogger).connect((version) =>
      connectBroker({ ...access, ...timings, clientId, version }),
    );
  } catch (error) {
    yield failed('mqtt', await explainMqttFailure(error, access, timeoutMs));
    return;
  }
  try {
    const version = connection.version === 5 ? '5' : '3.1.1';
    yield done(
      'mqtt',
      `MQTT ${version}, as ${access.credential?.user ?? 'nobody by name'}, client id ${clientId}`,
    );
    yield* sendToSelf(connection, { topic: topics.check, clock, timeoutMs });
  } finally {
    await within(clock, timeoutMs, connection.end());
  }
}

async function* sendToSelf(
  connection: BrokerConnection,
  { topic, clock, timeoutMs }: { readonly topic: string; readonly clock: Clock; readonly timeoutMs: number },
): AsyncGenerator<CheckStep> {
  const token = hex(16);
  let arrived = (): void => undefined;
  const receipt = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const isOurs = (payload: Uint8Array): boolean => new TextDecoder().decode(payload).includes(token);
  const subscribed = connection.subscribe(topic, (payload) => {
    if (isOurs(payload)) arrived();
  });
  const asked = await stepOf('subscribe', `may read ${topic}`, { work: subscribed, clock, timeoutMs });
  yield asked;
  if (asked.outcome === 'failed') return;
  const payload = new TextEncoder().encode(JSON.stringify({ version: 1, check: token }));
  const sent = connection.publish(topic, payload, { isRetained: false });
  const published = await stepOf('publish', `the broker took a message on ${topic}`, {
    work: sent,
    clock,
    timeoutMs,
  });
  yield published;
  if (published.outcome === 'failed') return;
  const ending = await within(clock, timeoutMs, Promise.race([receipt, connection.closed]));
  if (ending === undefined) yield done('receive', 'the message came back');
  else yield failed('receive', ending === 'late' ? notReceived(topic, connection.version === 5) : ending);
}

async function stepOf(
  check: CheckStepName,
  message: string,
  {
    work,
    clock,
    timeoutMs,
  }: { readonly work: Promise<void>; readonly clock: Clock; readonly timeoutMs: number },
): Promise<CheckStep> {
  try {
    if ((await within(clock, timeoutMs, work)) !== 'late') return done(check, message);
    return failed(
      check,
      operational('broker-silent', 'the broker does not answer in time', {
        remedy: 'Look at its log and its load.',
      }),
    );
  } catch (error) {
    if (isRollcallError(error)) return failed(check, error);
    throw error;
  }
}

function notReceived(topic: string, tellsRefusals: boolean): RollcallError {
  const cause = tellsRefusals
    ? `its access rules do not let this box read ${topic}`
    : `its access rules do not let this box publish on ${topic}, or not read it (MQTT 3.1.1 does not tell which)`;
  return operational(
    'broker-check-not-received',
    `the broker took the message and did not bring it back: probably ${cause}`,
    {
      details: { topic },
      remedy: `Allow this box to publish on and to read ${topic}, as config/mosquitto-acl.example does; look at the other topics there, too.`,
    },
  );
}

function clientCertificateStep({ access, clock }: BrokerCheckOptions): CheckStep | undefined {
  const { clientCertificate } = access;
  if (clientCertificate === undefined || !usesTls(access)) return undefined;
  const status = certificateStatus('client', certificateFacts(clientCertificate.certificate), clock.wallMs());
  const { state, names, notBefore, notAfter, daysLeft } = status;
  const about = `${names}, ${notBefore} to ${notAfter}, ${counted(daysLeft, 'day')} left`;
  if (state === 'in force') return done('client certificate', about);
  return {
    check: 'client certificate',
    outcome: state === 'expires soon' ? 'warning' : 'failed',
    message: `${state}: ${about}`,
    code: 'client-certificate-not-in-force',
    remedy:
      'Renew it in the secret that mqtt.clientCertificate names, and reload; check the clock of this machine.',
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

const done = (check: CheckStepName, message: string): CheckStep => ({ check, outcome: 'ok', message });

function failed(check: CheckStepName, { code, message, remedy }: RollcallError): CheckStep {
  return { check, outcome: 'failed', message, code, ...(remedy === undefined ? {} : { remedy }) };
}
