import { readFileSync } from 'node:fs';
import { isIP, type Socket } from 'node:net';
import {
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  rootCertificates,
  type SecureContext,
  type TLSSocket,
  connect as wrapInTls,
} from 'node:tls';
import type { Clock } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import { shownText } from '../../kernel/printable-text.js';
import type { CameraAddress, CameraEndpoint } from './camera-address.js';
import { type CameraNetwork, type CameraStream, ownNetwork } from './camera-network.js';
import { addressRefused } from './reachable-address.js';
import { socketErrorCode, socketOutcome } from './socket-outcome.js';
import type { FailureVerdict } from './stream-end.js';

/** The certificate that a camera presents under `rtsps`. Trust none of it unless it was accepted. */
export interface CameraCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** Names and addresses in the form of OpenSSL: `DNS:door.example, IP Address:192.0.2.10`. */
  readonly names: string;
  /** ISO 8601. */
  readonly validFrom: string;
  readonly validUntil: string;
  /** `sha256:` and 32 bytes in upper-case hexadecimal with colons. */
  readonly fingerprint: string;
}

export type CameraConnection =
  | (CameraStream & { readonly certificate: CameraCertificate | null })
  | { readonly failure: FailureVerdict; readonly certificate: CameraCertificate | null };

interface Attempt {
  readonly clock: Clock;
  readonly address: Pick<CameraAddress, 'authorities' | 'fingerprint' | 'extraNetworks'>;
  readonly endpoint: Pick<CameraEndpoint, 'isEncrypted' | 'host' | 'port'>;
  /** What only a server of the wanted kind answers. Default: that of RTSP. */
  readonly proof?: ServerProof;
  /** For connection and handshake together, milliseconds. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Default: that of this process. */
  readonly network?: CameraNetwork | undefined;
}

/** A question that says nothing about the box or the camera, and what the answer must begin with. */
export interface ServerProof {
  readonly question: string;
  readonly answer: RegExp;
  /** How much of the answer is read at most, bytes. */
  readonly bytes: number;
}

const rtspProof: ServerProof = {
  question: 'OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n',
  answer: /^RTSP\/\d\.\d /,
  bytes: 'RTSP/1.0 '.length,
};

/** Trusted authorities of the system: the path of Debian, then that of Fedora and openSUSE. */
const systemStores = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];

const minVersion = 'TLSv1.2';
let sharedSystemContext: SecureContext | undefined;

/** Reads the certificates of the system once in a process: there are hundreds. */
function systemContext(): SecureContext {
  if (sharedSystemContext === undefined) {
    const stored = systemStores.flatMap((path) => {
      try {
        return [readFileSync(path)];
      } catch {
        return [];
      }
    });
    sharedSystemContext = createSecureContext({ ca: stored[0] ?? [...rootCertificates], minVersion });
  }
  return sharedSystemContext;
}

const socketErrors: Readonly<Record<string, FailureVerdict['code']>> = {
  ECONNREFUSED: 'refused',
  ENOTFOUND: 'unknown-host',
  EAI_AGAIN: 'unknown-host',
  EAI_FAIL: 'unknown-host',
  EAI_NONAME: 'unknown-host',
  ERR_INVALID_ARG_VALUE: 'unknown-host',
  [addressRefused]: 'address-refused',
};

/**
 * Connects to a camera. Under `rtsps` it verifies the certificate before it sends anything about the camera. Never rejects; the caller owns
 * the socket, and nothing has been read from it.
 */
export async function connectCamera(attempt: Attempt): Promise<CameraConnection> {
  const { clock, timeoutMs, signal } = attempt;
  const timeout = new AbortController();
  const timer = clock.after(timeoutMs, () => timeout.abort());
  try {
    return await connectUntil(AbortSignal.any([signal, timeout.signal]), attempt);
  } finally {
    timer.cancel();
  }
}

async function connectUntil(until: AbortSignal, attempt: Attempt): Promise<CameraConnection> {
  const { address, endpoint, timeoutMs, network = ownNetwork } = attempt;
  const { host, port, isEncrypted } = endpoint;
  const { extraNetworks = null } = address;
  try {
    const stream = await network.connect({ host, port, extraNetworks }, until);
    return isEncrypted ? await secure(stream, attempt, until) : { ...stream, certificate: null };
  } catch (error) {
    const code = socketErrors[socketErrorCode(error)] ?? 'unreachable';
    const detail = until.aborted ? `no connection within ${timeoutMs / 1000} s` : socketErrorCode(error);
    return { failure: code === 'unreachable' ? { code, detail } : { code }, certificate: null };
  }
}

async function secure(plain: CameraStream, attempt: Attempt, until: AbortSignal): Promise<CameraConnection> {
  const { address, endpoint } = attempt;
  const { authorities = null } = address;
  let socket: TLSSocket;
  try {
    socket = wrapInTls({
      socket: plain.socket,
      secureContext:
        authorities === null ? systemContext() : createSecureContext({ ca: authorities, minVersion }),
      minVersion,
      // An IP address must not be sent as server name (RFC 6066, section 3).
      ...(isIP(endpoint.host) === 0 ? { servername: endpoint.host } : {}),
      // `judge` decides below, before the first byte: a refusal needs the certificate for its message.
      rejectUnauthorized: false,
    });
  } catch (error) {
    plain.socket.destroy();
    const detail = `the file caFile is unusable: ${messageOf(error)}`;
    return { failure: { code: 'secure-connection-failed', detail }, certificate: null };
  }
  const error = await socketOutcome(socket, 'secureConnect', until);
  if (error !== undefined) {
    socket.destroy();
    const detail = until.aborted ? 'the camera does not answer the TLS handshake' : handshakeProblem(error);
    return { failure: { code: 'secure-connection-failed', detail }, certificate: null };
  }
  const peer = socket.getPeerCertificate();
  const certificate = certificateOf(peer);
  const failure = judge(socket, peer, certificate, attempt);
  if (failure === undefined) return { ...plain, socket, certificate };
  // Certificates of other services are not for whoever may add a camera to see.
  const isCamera =
    (address.extraNetworks ?? null) === null || (await isProved(socket, attempt.proof ?? rtspProof, until));
  socket.destroy();
  return isCamera ? { failure, certificate } : { failure: { code: 'not-rtsp' }, certificate: null };
}

function isProved(socket: Socket, proof: ServerProof, until: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = '';
    const settle = (): void => {
      until.removeEventListener('abort', settle);
      resolve(proof.answer.test(answer));
    };
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
      if (proof.answer.test(answer) || answer.length >= proof.bytes) settle();
    });
    socket.once('close', settle);
    until.addEventListener('abort', settle);
    if (until.aborted) settle();
    socket.write(proof.question);
  });
}

function handshakeProblem(error: unknown): string {
  const code = socketErrorCode(error);
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG|HTTP_REQUEST/.test(code)) {
    return 'the server at this port does not speak TLS';
  }
  if (/UNSUPPORTED_PROTOCOL|PROTOCOL_VERSION/.test(code))
    return 'the camera does not support TLS 1.2 or later';
  if (/ECONNRESET|EPIPE|unknown/.test(code)) return 'the camera closed the connection during the handshake';
  return shown(messageOf(error));
}

/** Makes a text of the certificate safe to show: a stranger may have written it. */
const shown = (text: unknown): string => shownText(String(text ?? ''), { longest: 200 });

function nameText(name: PeerCertificate['subject'] | undefined): string {
  const fields = Object.entries(name ?? {}).map(([key, value]) => `${key}=${String(value)}`);
  return shown(fields.join(', ')) || 'none';
}

function timeText(text: string): string {
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? shown(text) : new Date(atMs).toISOString();
}

function certificateOf(peer: PeerCertificate): CameraCertificate {
  return {
    subject: nameText(peer.subject),
    issuer: nameText(peer.issuer),
    names: shown(peer.subjectaltname) || 'none',
    validFrom: timeText(peer.valid_from),
    validUntil: timeText(peer.valid_to),
    fingerprint: `sha256:${peer.fingerprint256}`,
  };
}

/** Why the certificate is refused; undefined where it is accepted. */
function judge(
  { authorizationError }: TLSSocket,
  peer: PeerCertificate,
  { names, validFrom, validUntil, fingerprint, subject }: CameraCertificate,
  { address, endpoint }: Attempt,
): FailureVerdict | undefined {
  const { fingerprint: pinned = null } = address;
  if (pinned !== null) {
    if (pinned === fingerprint) return undefined;
    const detail = `the configured one is ${pinned}, the camera shows ${fingerprint}`;
    return { code: 'certificate-changed', detail };
  }
  const problem = String(authorizationError ?? '');
  if (/^CERT_HAS_EXPIRED|^CERT_NOT_YET_VALID/.test(problem)) {
    return { code: 'certificate-expired', detail: `it is valid from ${validFrom} until ${validUntil}` };
  }
  if (problem !== '' && !problem.startsWith('ERR_TLS_CERT_ALTNAME')) {
    return { code: 'certificate-unknown', detail: `${subject}, fingerprint ${fingerprint} (${problem})` };
  }
  if (checkServerIdentity(endpoint.host, peer) === undefined) return undefined;
  return { code: 'certificate-name', detail: `it is for ${names}, not for ${endpoint.host}` };
}
