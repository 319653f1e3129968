import { isRollcallError, RollcallError } from '../../../kernel/errors.js';
import { isoTime } from '../../../kernel/iso-time.js';
import { present } from '../../../kernel/present.js';
import { said } from '../../../kernel/said.js';
import { failure } from '../../../words/errors.js';
import { inEnglish } from '../../../words/language.js';
import { asPublishError } from '../publish-errors.js';
import type { BrokerAccess } from './broker-access.js';
import { type BrokerProblem, brokerError, problemOf } from './broker-errors.js';
import { refusalInHandshake, Silence, speaksPlainMqtt, untrustedCertificate } from './broker-probes.js';
import { usesTls } from './broker-socket.js';
import type { CertificateFacts } from './certificate-facts.js';

/** Why the TLS handshake failed, with facts of the broker's certificate. */
export async function explainTlsFailure(
  error: unknown,
  access: BrokerAccess,
  timeoutMs: number,
): Promise<RollcallError> {
  const { name } = access.address;
  const problem = error instanceof Silence ? 'silentFromTheBeginning' : handshakeProblem(error);
  if (problem === 'tlsEnded' || problem === 'tlsNone') {
    const isPlain = access.address.protocol === 'mqtts' && (await speaksPlainMqtt(access, timeoutMs));
    return brokerError(isPlain ? 'tlsNone' : problem, name, error);
  }
  if (!['tlsHost', 'tlsExpired', 'tlsNotYetValid', 'tlsUntrusted'].includes(problem)) {
    return brokerError(problem, name, error);
  }
  const shown = await untrustedCertificate(access, timeoutMs);
  return shown === undefined
    ? brokerError(problem, name, error)
    : withDetail(brokerError(problem, name, error), describe(shown, access));
}

/** Why the broker did not accept this box. */
export async function explainMqttFailure(
  error: unknown,
  access: BrokerAccess,
  timeoutMs: number,
): Promise<RollcallError> {
  const known = asPublishError(error);
  const { name, protocol } = access.address;
  const hasHungUp = isRollcallError(error, 'broker-closed-early');
  if (usesTls(access)) {
    const refusal = hasHungUp ? await refusalInHandshake(access, timeoutMs) : undefined;
    return refusal === undefined ? known : brokerError(handshakeProblem(refusal, access), name, refusal);
  }
  // A server with TLS hangs up on MQTT without TLS, or sends an alert first (RabbitMQ), which is not MQTT.
  if (!hasHungUp && !isRollcallError(error, 'broker-protocol')) return known;
  const shown = await untrustedCertificate(access, timeoutMs);
  return shown === undefined ? known : failure('broker-speaks-tls', { name, protocol });
}

/** In TLS 1.2, a broker without the expected client certificate may only report that the handshake failed. */
function handshakeProblem(error: unknown, access?: BrokerAccess): BrokerProblem {
  const problem = problemOf(error, 'tlsEnded');
  const isVague = problem === 'tls' || problem === 'lost' || problem === 'clientRefused';
  if (access !== undefined && isVague) {
    return access.clientCertificate === undefined ? 'clientRequired' : 'clientRefused';
  }
  return problem === 'lost' ? 'tlsEnded' : problem;
}

function describe(
  { names, issuer, notBeforeMs, notAfterMs }: CertificateFacts,
  access: BrokerAccess,
): string {
  const asked = access.serverName ?? access.address.host;
  return `it is for ${names}, signed by ${issuer}, valid from ${isoTime(notBeforeMs)} to ${isoTime(notAfterMs)}; this box asked for ${asked}`;
}

function withDetail(error: RollcallError, detail: string): RollcallError {
  const { kind, code, message: what, remedy, says, details, cause, retryable } = error;
  const message = said('cameras/with-detail', { what: says?.message ?? what, detail });
  const texts = inEnglish({ message, ...present({ remedy: says?.remedy }) });
  return new RollcallError({ kind, code, ...present({ remedy }), ...texts, details, cause, retryable });
}
