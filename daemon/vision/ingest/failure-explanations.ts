import type { PictureDamageCode } from '../../kernel/picture-damage.js';
import { type Said, said } from '../../kernel/said.js';
import { inEnglish } from '../../words/language.js';
import { type StreamFailureCode, streamFailureCodes } from './stream-end.js';

/** For technicians: what happened, and what to do. The messages are in `daemon/words/LANGUAGE/cameras.json`. */
interface Explanation {
  readonly message: string;
  readonly remedy: string;
  readonly says: { readonly message: Said; readonly remedy: Said };
}

const explanation = (key: string): Explanation =>
  inEnglish({ message: said(`cameras/${key}`), remedy: said(`cameras/remedy-${key}`) });

/** An explanation, and what shows it in the case at hand. */
export function withDetail({ says: { message: what, remedy } }: Explanation, detail: string): Explanation {
  return inEnglish({ message: said('cameras/with-detail', { what, detail }), remedy });
}

/** Every way in which a stream fails. */
export const explanations = Object.fromEntries(
  streamFailureCodes.map((code) => [code, explanation(code)]),
) as Readonly<Record<StreamFailureCode, Explanation>>;

/** Replaces `unauthorised` where no credential is configured. */
export const loginWanted = explanation('login-wanted');

/** A warning about a camera that streams: `hwaccel: auto` gave up the hardware for it. */
export const decodedInSoftware = explanation('decoded-in-software');

/** A warning about a camera that streams: `allowBasicLogin` without TLS. */
export const unprotectedLogin = explanation('login-readable');

/** Replaces `no-first-frame` over UDP. */
export const firewalled = explanation('firewalled');

/** Replaces `transport-refused`, by the configured transport. */
export const transportRefused: Readonly<Record<'tcp' | 'udp', Explanation>> = {
  tcp: explanation('transport-refused-tcp'),
  udp: explanation('transport-refused-udp'),
};

/** Every way in which the pictures of a streaming camera are useless. `lostPackets` has the remedy for damage by packet loss. */
export const damageExplanations: Readonly<Record<PictureDamageCode | 'lostPackets', Explanation>> = {
  'pictures-damaged': explanation('pictures-damaged'),
  lostPackets: explanation('packets-lost'),
  'pictures-uniform': explanation('pictures-uniform'),
  'pictures-black': explanation('pictures-black'),
  'pictures-frozen': explanation('pictures-frozen'),
};
