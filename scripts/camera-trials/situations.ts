import type { CameraAddress } from '../../daemon/vision/ingest/camera-address.js';
import { type RtspServerOptions, rtspUrl } from '../virtual-camera/rtsp-server.js';
import { type PacketFate, settingBack, shuffling } from './packet-way.js';
import { clipPipeline } from './servers.js';
import type { Shape } from './shape.js';

/** PEM files of a certificate that signed itself, and its fingerprint. */
export interface TrialCertificate {
  readonly certificate: string;
  readonly key: string;
  readonly fingerprint: string;
}

/** A way to serve and to ask for one stream, by GStreamer's server. */
export interface Situation {
  readonly name: string;
  /** `works`, or the codes that `rollcall camera test` has to name. */
  readonly expected: string;
  /** Elements of GStreamer; default: the clip. */
  launch?(file: string, shape: Shape): string;
  readonly server?: Omit<RtspServerOptions, 'mounts' | 'tls'>;
  readonly tls?: 'valid' | 'expired';
  readonly address?: Partial<CameraAddress>;
  /** Added to the path of the address. */
  readonly query?: string;
  /** Knows the fingerprint of the certificate. */
  readonly hasFingerprint?: boolean;
  readonly observeMs?: number;
  /** Pictures are torn on the way. */
  readonly isLossy?: boolean;
  /** What becomes of packets over UDP on the way. */
  readonly onTheWay?: () => PacketFate;
  /** The time stamps jump once. */
  readonly isJumping?: boolean;
}

const nasty = { user: 'wächter @ door', password: 'p@ss: w/%41"ö\'' };
const credential = nasty;
/** RTP's clocks count to 2^32: this one begins again after 2 s. */
const lastTicks = 2 ** 32 - 2 * 90_000;
/** Live, as a microphone: GStreamer's server may stand still where a client leaves out a stream that is not. */
const sound = 'audiotestsrc is-live=true ! alawenc ! rtppcmapay pt=8';

/** One packet in fifty is lost. The server sends what comes out of `pay0`. */
const withLoss = (file: string, shape: Shape): string =>
  `${clipPipeline(file, shape, 'pt=96')} ! identity name=pay0 drop-probability=0.02`;

export const situations: readonly Situation[] = [
  { name: 'over UDP', expected: 'works', server: { transport: 'udp' }, address: { transport: 'udp' } },
  {
    ...{ name: 'over UDP, one packet in fifty lost', expected: 'pictures-damaged', isLossy: true },
    launch: withLoss,
    ...{ server: { transport: 'udp' }, address: { transport: 'udp' } },
  },
  {
    ...{ name: 'over UDP, one packet in ten behind the next', expected: 'works', onTheWay: shuffling },
    ...{ server: { transport: 'udp' }, address: { transport: 'udp' } },
  },
  {
    name: 'a transport that the server does not have',
    expected: 'transport-refused',
    server: { transport: 'udp' },
  },
  { name: 'IPv6 over TCP', expected: 'works', server: { address: '::1', transport: 'tcp' } },
  {
    name: 'IPv6 over UDP',
    expected: 'works',
    server: { address: '::1', transport: 'udp' },
    address: { transport: 'udp' },
  },
  { name: 'a token in the query', expected: 'works', query: '?channel=1&token=a%2Fb+c==' },
  {
    name: 'Digest, with spaces, signs, and umlauts',
    expected: 'works',
    server: { auth: nasty },
    address: { credential },
  },
  {
    name: 'a wrong password',
    expected: 'unauthorised',
    server: { auth: nasty },
    address: { credential: { ...nasty, password: 'other' } },
  },
  {
    name: 'Basic',
    expected: 'login-unprotected',
    server: { auth: { ...nasty, method: 'basic' } },
    address: { credential },
  },
  {
    ...{ name: 'Basic, which the owner allows', expected: 'works' },
    ...{ server: { auth: { ...nasty, method: 'basic' } }, address: { credential, allowsBasicLogin: true } },
  },
  { name: 'rtsps, signed by itself', expected: 'certificate-unknown', tls: 'valid' },
  {
    name: 'rtsps, signed by itself, with its fingerprint',
    expected: 'works',
    tls: 'valid',
    hasFingerprint: true,
  },
  { name: 'rtsps, expired', expected: 'certificate-expired', tls: 'expired' },
  { name: 'rtsps, expired, with its fingerprint', expected: 'works', tls: 'expired', hasFingerprint: true },
  {
    name: 'sessions end after 5 s of silence, over TCP',
    expected: 'works',
    server: { sessionTimeoutS: 5 },
    observeMs: 13_000,
  },
  {
    ...{ name: 'sessions end after 5 s of silence, over UDP', expected: 'works', observeMs: 13_000 },
    ...{ server: { sessionTimeoutS: 5, transport: 'udp' }, address: { transport: 'udp' } },
  },
  {
    ...{ name: 'parameter sets before every key frame', expected: 'works' },
    launch: (file, shape) => clipPipeline(file, shape, 'name=pay0 pt=96 config-interval=-1'),
  },
  {
    ...{ name: 'time stamps and numbers of packets begin again', expected: 'works' },
    launch: (file, shape) =>
      clipPipeline(file, shape, `name=pay0 pt=96 timestamp-offset=${lastTicks} seqnum-offset=65500`),
  },
  {
    ...{ name: 'time stamps jump back by an hour', expected: 'works', isJumping: true },
    ...{ onTheWay: settingBack, server: { transport: 'udp' }, address: { transport: 'udp' } },
  },
  {
    ...{ name: 'sound before the video', expected: 'works' },
    launch: (file, shape) => `${sound} name=pay0 ${clipPipeline(file, shape, 'name=pay1 pt=96')}`,
  },
  { name: 'only sound', expected: 'no-video', launch: () => `${sound} name=pay0` },
  {
    ...{ name: 'two videos in one description', expected: 'works' },
    launch: (file, shape) => `${clipPipeline(file, shape)} ${clipPipeline(file, shape, 'name=pay1 pt=97')}`,
  },
];

export function addressIn(
  situation: Situation,
  port: number,
  certificate: TrialCertificate | undefined,
): CameraAddress {
  const { address, hasFingerprint, query = '', server, tls } = situation;
  const host = server?.address === '::1' ? '[::1]' : '127.0.0.1';
  return {
    url: rtspUrl(port, `/live${query}`, { host, isEncrypted: tls !== undefined }),
    credential: null,
    transport: 'tcp',
    ...address,
    ...(hasFingerprint && certificate !== undefined ? { fingerprint: certificate.fingerprint } : {}),
  };
}
