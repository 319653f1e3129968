import { messageOf, RollcallError } from '../../../kernel/errors.js';
import { said } from '../../../kernel/said.js';
import { inEnglish } from '../../../words/language.js';
import { PacketBreach } from './broker-packets.js';
import { networkProblems, tlsDiagnoses, tlsProblemOf } from './connection-problems.js';

/** Its message and remedy are in `daemon/words/LANGUAGE/broker.json`. */
interface Diagnosis {
  readonly code: string;
  /** Whether reconnecting can help without any action of a person. The box reconnects in any case. */
  readonly passesByItself: boolean;
}

const diagnoses = {
  name: { code: 'broker-name-unknown', passesByItself: false },
  refused: { code: 'broker-refused', passesByItself: true },
  unreachable: { code: 'broker-unreachable', passesByItself: true },
  silent: { code: 'broker-silent', passesByItself: true },
  silentFromTheBeginning: { code: 'broker-silent', passesByItself: true },
  auth: { code: 'broker-auth-refused', passesByItself: false },
  notAuthorised: { code: 'broker-not-authorised', passesByItself: false },
  clientId: { code: 'broker-client-id-refused', passesByItself: false },
  version: { code: 'broker-version-refused', passesByItself: false },
  unavailable: { code: 'broker-unavailable', passesByItself: true },
  ...tlsDiagnoses,
  lost: { code: 'broker-connection-lost', passesByItself: true },
  closedEarly: { code: 'broker-closed-early', passesByItself: false },
  closedAfterTls: { code: 'broker-closed-early', passesByItself: false },
  webPath: { code: 'broker-websocket-refused', passesByItself: false },
  takenOver: { code: 'broker-client-id-taken', passesByItself: false },
  perhapsTakenOver: { code: 'broker-client-id-taken', passesByItself: false },
  didNotAllow: { code: 'broker-not-authorised', passesByItself: false },
  packetTooLarge: { code: 'broker-packet-too-large', passesByItself: false },
  protocol: { code: 'broker-protocol', passesByItself: false },
} as const satisfies Record<string, Diagnosis>;

export type BrokerProblem = keyof typeof diagnoses;

/** Return codes of MQTT 3.1.1 (section 3.2.2.3); reason codes of MQTT 5 (section 2.4). */
const byMqttCode = new Map<number, BrokerProblem>([
  [1, 'version'],
  [2, 'clientId'],
  [3, 'unavailable'],
  [4, 'auth'],
  [5, 'notAuthorised'],
  [130, 'protocol'],
  [132, 'version'],
  [133, 'clientId'],
  [134, 'auth'],
  [135, 'notAuthorised'],
  [136, 'unavailable'],
  [137, 'unavailable'],
  [138, 'notAuthorised'],
  [139, 'unavailable'],
  [140, 'auth'],
  [141, 'silent'],
  [142, 'takenOver'],
]);

/** An error with the reason why the broker cannot be used and a remedy. */
export function brokerError(problem: BrokerProblem, broker: string, cause?: unknown): RollcallError {
  const { code, passesByItself } = diagnoses[problem];
  const key = problem.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const message = said('broker/at', { broker, what: said(`broker/${key}`) });
  return new RollcallError({
    ...{ kind: 'operational', code, retryable: passesByItself },
    ...inEnglish({ message, remedy: said(`broker/remedy-${key}`) }),
    details: { broker, ...(cause === undefined ? {} : { reason: messageOf(cause) }), ...reasonCode(cause) },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The reason code of a refusal or of the end of a connection. */
function reasonCode(cause: unknown): { readonly reasonCode?: number } {
  const isCoded = cause instanceof Error && 'code' in cause && typeof cause.code === 'number';
  return isCoded ? { reasonCode: Number(cause.code) } : {};
}

/** The problem that an error of the MQTT client stands for. `whenUnclear`: the problem for an error without a known code. */
export function problemOf(error: unknown, whenUnclear: BrokerProblem): BrokerProblem {
  if (error instanceof PacketBreach) return error.problem;
  for (const one of error instanceof AggregateError ? error.errors : [error]) {
    const code: unknown = typeof one === 'object' && one !== null && 'code' in one ? one.code : undefined;
    const known =
      typeof code === 'number'
        ? byMqttCode.get(code)
        : typeof code === 'string'
          ? (networkProblems.get(code) ?? webSocketProblemOf(code) ?? tlsProblemOf(code, messageOf(one)))
          : undefined;
    if (known !== undefined) return known;
  }
  if (error instanceof Error && /^Unexpected server response: \d+$/.test(error.message)) return 'webPath';
  return whenUnclear;
}

/** Codes of the `ws` package for frames that break RFC 6455 or its limits. */
function webSocketProblemOf(code: string): BrokerProblem | undefined {
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') return 'packetTooLarge';
  return code.startsWith('WS_ERR_') ? 'protocol' : undefined;
}

/** The progress of a connection: without TLS, before the TLS handshake, after it. */
export type Link = 'plain' | 'unsecured' | 'secured';

/** Why a connection ended. `error`: its first error; `isConnected`: the broker had accepted the box. */
export function endingOf(error: unknown, isConnected: boolean, link: Link): BrokerProblem {
  const problem = error === undefined ? 'lost' : namedProblem(error, isConnected);
  // A broker that had accepted the box does not object to its password.
  if (problem === 'notAuthorised' && isConnected) return 'didNotAllow';
  if (problem !== 'lost' || isConnected) return problem;
  const early = { plain: 'closedEarly', unsecured: 'tlsEnded', secured: 'closedAfterTls' } as const;
  return early[link];
}

function namedProblem(error: unknown, isConnected: boolean): BrokerProblem {
  // The client's own timeouts carry no code.
  if (error instanceof Error && /^connack timeout$/i.test(error.message)) return 'silentFromTheBeginning';
  if (error instanceof Error && /^keepalive timeout$/i.test(error.message)) return 'silent';
  return problemOf(error, isConnected ? 'lost' : 'protocol');
}
