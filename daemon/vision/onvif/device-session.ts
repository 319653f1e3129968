import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Clock } from '../../kernel/clock.js';
import type { DeviceAddress } from '../../kernel/device-address.js';
import { isRollcallError } from '../../kernel/errors.js';
import { shownText } from '../../kernel/printable-text.js';
import type { CameraCredential } from '../ingest/camera-address.js';
import { CameraLogin, parseChallenges } from '../ingest/rtsp-login.js';
import { deviceFailure } from './device-failure.js';
import { type HttpAnswer, post } from './http-exchange.js';
import { type Question, questionText, readSoap, type SoapAnswer } from './soap.js';
import type { XmlElement } from './xml-tree.js';

/** Time for a connection, a question, and its whole answer, milliseconds. */
const answerWithinMs = 8_000;
/** Longest text of a device in a message, characters. */
const longestSaid = 200;

export interface DeviceSessionOptions {
  readonly address: DeviceAddress;
  readonly credential: CameraCredential | null;
  readonly clock: Clock;
  /** Opens a connection to the device and nowhere else. */
  connect(until: AbortSignal): Promise<Socket>;
}

/**
 * Asks one device at one address. Whatever a device says, no question goes anywhere else. The password is proved, not sent: by HTTP
 * Digest where the device offers it, otherwise by the digest of WS-Security. A wrong password costs one try, because devices lock
 * accounts.
 */
export class DeviceSession {
  readonly #options: DeviceSessionOptions;
  readonly #login: CameraLogin;
  #usesToken = false;
  #isLoggedIn = false;
  #isDevice = false;
  /** The clock of the device minus that of the box, milliseconds. */
  #clockAheadMs = 0;

  constructor(options: DeviceSessionOptions) {
    this.#options = options;
    this.#login = new CameraLogin(options.credential, false);
  }

  /** What the device said about its time. It refuses a login that seems old or early. */
  set wallMs(saidMs: number) {
    this.#clockAheadMs = saidMs - this.#options.clock.wallMs();
  }

  /** The element that answers. @throws the codes of `deviceFailure` */
  async ask(path: string, question: Question, signal: AbortSignal): Promise<XmlElement> {
    for (let repetitions = 0; ; repetitions += 1) {
      const authorization = this.#login.authorization('POST', path);
      const hadToken = this.#usesToken;
      const answer = await this.#post(path, question, authorization, signal);
      const soap = this.#read(answer);
      if (soap?.kind === 'answer' && answer.status < 300) {
        this.#isLoggedIn ||= hadToken || authorization !== undefined;
        return soap.body;
      }
      if (!isLoginRefused(answer, soap)) throw this.#told(...refusalOf(answer, soap));
      if (this.#isLoggedIn && hadToken) throw deviceFailure('device-forbids');
      this.#logIn(answer, soap, { repetitions, hadLogin: authorization !== undefined, hadToken });
    }
  }

  /** Chooses how the next try proves the password. @throws where there is none */
  #logIn(
    { headers, text }: HttpAnswer,
    soap: SoapAnswer | undefined,
    tried: { readonly repetitions: number; readonly hadLogin: boolean; readonly hadToken: boolean },
  ): void {
    if (isLocked(soap?.kind === 'fault' ? `${soap.codes.join(' ')} ${soap.reason}` : text)) {
      throw this.#told('device-locked');
    }
    if (this.#options.credential === null) throw this.#told('device-login-wanted');
    const given = headers['www-authenticate'] ?? '';
    const offered = parseChallenges([given]).map(({ scheme }) => scheme);
    if (tried.hadToken) {
      throw this.#told(offered.includes('basic') ? 'device-login-unprotected' : 'device-login-refused');
    }
    if (offered.includes('digest') && this.#login.challenged([given], tried) === 'again') return;
    if (tried.hadLogin) throw this.#told(this.#isLoggedIn ? 'device-forbids' : 'device-login-refused');
    this.#usesToken = true;
  }

  async #post(
    path: string,
    question: Question,
    authorization: string | undefined,
    signal: AbortSignal,
  ): Promise<HttpAnswer> {
    const { address, clock, connect } = this.#options;
    const late = new AbortController();
    const timer = clock.after(answerWithinMs, () => late.abort());
    const until = AbortSignal.any([signal, late.signal]);
    try {
      const socket = await connect(until);
      const headers = {
        Host: new URL(address.origin).host,
        'Content-Type': `application/soap+xml; charset=utf-8; action="${question.service}/${question.action}"`,
        ...(authorization !== undefined && { Authorization: authorization }),
      };
      return await post(socket, { path, headers, text: questionText(question, this.#token()) }, until);
    } catch (error) {
      if (isRollcallError(error) && !error.code.startsWith('device-')) throw error;
      if (!this.#isDevice) throw deviceFailure('device-unknown');
      throw isRollcallError(error)
        ? error
        : deviceFailure('device-silent', { seconds: answerWithinMs / 1000 });
    } finally {
      timer.cancel();
    }
  }

  #token() {
    const { credential, clock } = this.#options;
    if (!this.#usesToken || credential === null) return undefined;
    return { credential, atMs: clock.wallMs() + this.#clockAheadMs, nonce: randomBytes(16) };
  }

  /** Undefined for an answer that is no message, such as the page of a web server about a login. */
  #read({ status, text }: HttpAnswer): SoapAnswer | undefined {
    try {
      const soap = readSoap(text);
      this.#isDevice ||= soap !== undefined;
      return soap;
    } catch (error) {
      if (status !== 200) return undefined;
      throw this.#isDevice && isRollcallError(error)
        ? deviceFailure('device-answer-unusable', { why: shownText(error.message, { longest: longestSaid }) })
        : deviceFailure('device-unknown');
    }
  }

  /** A failure that says something about the device: only where one has shown that it is a device of ONVIF. */
  #told(...told: Parameters<typeof deviceFailure>): Error {
    return this.#isDevice ? deviceFailure(...told) : deviceFailure('device-unknown');
  }
}

function isLoginRefused({ status }: HttpAnswer, soap: SoapAnswer | undefined): boolean {
  if (status === 401 || status === 423) return true;
  return (
    soap?.kind === 'fault' &&
    /NotAuthori[sz]ed|FailedAuthentication|InvalidSecurity|Locked/i.test(soap.codes.join(' '))
  );
}

/** Devices have no common word for it. */
const isLocked = (text: string): boolean =>
  /\b(?:account|user|illegal login)\b[^<]{0,60}\block|lockStatus>lock|\w*Locked\b/i.test(text);

/** Why a question that is not about the login was not answered. */
function refusalOf(
  { status, headers }: HttpAnswer,
  soap: SoapAnswer | undefined,
): Parameters<typeof deviceFailure> {
  const cleaned = (text: string): string => shownText(text.trim(), { longest: longestSaid });
  if (status >= 300 && status < 400) {
    return ['device-redirects', { where: cleaned(headers.location ?? '') || `HTTP ${status}` }];
  }
  const why = soap?.kind === 'fault' ? cleaned(soap.reason || soap.codes.join(' ')) : '';
  return ['device-refuses', { why: why || `HTTP ${status}` }];
}
