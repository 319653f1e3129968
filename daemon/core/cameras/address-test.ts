import { type Clock, sleep } from '../../kernel/clock.js';
import { said } from '../../kernel/said.js';
import { inEnglish } from '../../words/language.js';

/** Answers that say only that nothing was found come at multiples of this time after the question, milliseconds. */
const answerEveryMs = 10_000;

/** Failures that are no secret of the network, and those of a certificate, which only a server of the wanted kind gets to show. */
const alwaysTold = [
  ...['certificate-unknown', 'certificate-name', 'certificate-expired', 'certificate-changed'],
  ...['address-refused', 'unknown-host'],
];

/** What a test of an address tells: failures that a camera or device told. Every other one could tell what listens where. */
export interface ToldFailures {
  readonly codes: ReadonlySet<string>;
  /** Takes the place of every other failure. */
  readonly nothing: ReturnType<typeof nothing>;
}

const nothing = (code: string) => ({
  ...{ outcome: 'failed' as const, code },
  ...inEnglish({ message: said(`cameras/${code}`), remedy: said(`cameras/remedy-${code}`) }),
});

export const toldByCameras: ToldFailures = {
  codes: new Set([
    ...alwaysTold,
    ...['unauthorised', 'forbidden', 'not-found', 'bad-request', 'server-busy', 'server-error'],
    ...['transport-refused', 'login-unprotected', 'login-unsupported', 'redirected'],
    ...[
      'no-video',
      'no-key-frame',
      'no-parameter-sets',
      'undecodable',
      'no-first-frame',
      'codec-unsupported',
    ],
    ...['hardware-decoding-failed', 'stalled', 'falling-behind', 'resolution-changed'],
    ...['ffmpeg-missing', 'ffmpeg-unsupported'],
  ]),
  nothing: nothing('no-camera'),
};

export const toldByDevices: ToldFailures = {
  codes: new Set([
    ...alwaysTold,
    ...['device-silent', 'device-answer-too-large', 'device-answer-unusable', 'device-redirects'],
    ...['device-login-refused', 'device-login-wanted', 'device-login-unprotected', 'device-locked'],
    ...['device-forbids', 'device-refuses', 'device-services-elsewhere', 'device-without-profiles'],
  ]),
  nothing: nothing('no-device'),
};

/**
 * Gives one answer for a closed port, a silent one, and one with another service, and none of them sooner than the others: the
 * test must not be a scanner of ports.
 */
export async function withoutPorts<
  Outcome extends { readonly outcome: 'ok' } | { readonly outcome: 'failed'; readonly code: string },
>(
  test: () => Promise<Outcome>,
  told: ToldFailures,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal },
): Promise<Outcome | ToldFailures['nothing']> {
  const askedAtMs = clock.monotonicMs();
  const found = await test();
  if (found.outcome === 'ok' || told.codes.has(found.code)) return found;
  const passedMs = clock.monotonicMs() - askedAtMs;
  await sleep(clock, answerEveryMs - (passedMs % answerEveryMs), signal);
  return told.nothing;
}
