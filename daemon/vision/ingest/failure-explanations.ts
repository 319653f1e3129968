import type { PictureDamageCode } from '../../domain/picture-damage.js';
import type { StreamFailureCode } from './stream-end.js';

type Explanation = { readonly message: string; readonly remedy: string };

const lookAtNetwork =
  'check the address, the cable and power of the camera, and that this box can reach its network';

/** Every way a stream fails, for technicians: what it is, and what to do about it. */
export const explanations: Readonly<Record<StreamFailureCode, Explanation>> = {
  unauthorised: {
    message: 'the camera refuses the user or the password (401)',
    remedy:
      'correct the credential of this camera; wait some minutes first if the camera locks accounts after wrong tries',
  },
  forbidden: {
    message: 'the camera knows the user but does not let it see the stream (403)',
    remedy: 'give the user the right to view live video in the camera',
  },
  'not-found': {
    message: 'the camera has no stream under this path (404)',
    remedy: "correct the path of the URL; the camera's manual or its ONVIF page names it",
  },
  'bad-request': {
    message: 'the camera does not accept the request (400)',
    remedy:
      "correct the path of the URL as the camera's manual names it, special characters included; it may also name a stream without video",
  },
  refused: {
    message: 'nothing listens at the address of the camera (connection refused)',
    remedy: 'check that the camera is on, that RTSP is enabled in it, and the port in the URL (usually 554)',
  },
  unreachable: { message: 'the camera cannot be reached over the network', remedy: lookAtNetwork },
  'unknown-host': {
    message: 'the host name of the camera cannot be resolved',
    remedy: 'correct the name in the URL, use the IP address, or repair name resolution on this box',
  },
  'no-answer': {
    message: 'the camera accepts the connection but does not answer',
    remedy: 'restart the camera; if it stays so, check that the port in the URL is that of RTSP',
  },
  'not-rtsp': {
    message: 'what listens at the address does not speak RTSP',
    remedy:
      'correct the port in the URL: RTSP is usually on 554, the web page of the camera on 80 or 443; use rtsps:// where the camera speaks TLS there',
  },
  'server-busy': {
    message: 'the camera has no capacity for another viewer',
    remedy: 'close other viewers or recorders of this camera, or allow more streams in its settings',
  },
  'server-error': {
    message: 'the camera answers with an error',
    remedy: 'restart the camera and try its other stream',
  },
  'transport-refused': {
    message: 'the camera does not offer the stream over the configured transport (461)',
    remedy: 'set the transport of this camera to the other one of tcp and udp',
  },
  'login-unprotected': {
    message: 'the camera wants the password in a form that can be read on the way (Basic); it was not sent',
    remedy:
      'set the RTSP authentication of the camera to "digest"; if it knows no other, use rtsps://, and set allowBasicLogin of this camera to true',
  },
  'login-unsupported': {
    message: 'the camera wants a login of a kind that rollcall does not know; it was not sent',
    remedy: 'set the RTSP authentication of the camera to "digest"',
  },
  redirected: {
    message: 'the camera sends rollcall to another address, and rollcall does not follow',
    remedy:
      'if you trust that address, write it as the url of this camera; otherwise find out what answers here',
  },
  'secure-connection-failed': {
    message: 'no secure connection to the camera could be made',
    remedy:
      'check the port in the URL, and that RTSP over TLS 1.2 or later is enabled in the camera; rtsp:// works without TLS, and then anybody on the way can see the pictures',
  },
  'certificate-unknown': {
    message: 'the certificate of the camera is signed by no authority that this box trusts',
    remedy:
      'compare the fingerprint with the one on the web page of the camera; if they are the same, write it as the "fingerprint" of this camera; or name the file of its authority with "caFile"',
  },
  'certificate-name': {
    message: 'the certificate of the camera is for another name or address',
    remedy:
      'write a name of the certificate in the URL, give the camera a certificate for this address, or write its fingerprint as the "fingerprint" of this camera',
  },
  'certificate-expired': {
    message: 'the certificate of the camera is not valid at this time',
    remedy:
      'check the clock of this box and of the camera; then renew the certificate in the camera, or write its fingerprint as the "fingerprint" of this camera',
  },
  'certificate-changed': {
    message: 'the camera shows another certificate than the configured one',
    remedy:
      'if the camera got a new certificate, compare the new fingerprint with the one on the web page of the camera, and configure it; otherwise find out what answers at this address',
  },
  'no-video': {
    message: 'the camera offers no video under this path',
    remedy: 'correct the path of the URL: this one may be that of its sound or its events',
  },
  'no-key-frame': {
    message: 'pictures came, but no key frame to start from',
    remedy: 'set the key frame interval (GOP, I-frame interval) of the camera to 2 seconds or less',
  },
  'no-parameter-sets': {
    message: 'pictures came, but neither a key frame nor the parameter sets (SPS, PPS) to decode them with',
    remedy:
      'set the key frame interval (GOP, I-frame interval) of the camera to 2 seconds or less; if it is, restart the camera or try its other stream',
  },
  undecodable: {
    message: 'pictures came, but none of them could be decoded',
    remedy:
      'restart the camera; if it stays so, set it to H.264 without "smart codec", or try its other stream',
  },
  'no-first-frame': {
    message: 'the camera accepted the session but sent no picture',
    remedy: 'restart the camera; if it stays so, try its other stream',
  },
  'codec-unsupported': {
    message: 'the video is coded in a way that this FFmpeg cannot decode',
    remedy: 'set the camera to H.264 (or H.265) without vendor extensions such as "smart codec" or "H.264+"',
  },
  'hardware-decoding-failed': {
    message: 'the configured hardware decoding does not work here',
    remedy: 'set hwaccel to none (or auto), or install the driver and give the service access to the device',
  },
  ended: {
    message: 'the camera ended the stream',
    remedy:
      'nothing, if it is restarting; otherwise check whether it limits the length or the number of sessions',
  },
  stalled: { message: 'the camera stopped sending pictures', remedy: lookAtNetwork },
  'falling-behind': {
    message: 'this box is too busy to work through the pictures as fast as the camera sends them',
    remedy:
      "look for what else keeps its processor busy (rollcall status, top); if nothing does, use the camera's substream, lower its resolution or rate, or configure hardware decoding",
  },
  'resolution-changed': {
    message: 'the camera changed its resolution',
    remedy: 'nothing: the stream is opened again',
  },
  'ffmpeg-killed': {
    message: 'FFmpeg was ended from outside',
    remedy: 'look for the kernel running out of memory (journalctl -k) and for somebody ending processes',
  },
  'ffmpeg-missing': {
    message: 'FFmpeg cannot be started',
    remedy: 'install it (on Debian: apt-get install ffmpeg) and make sure the service may run it',
  },
  'ffmpeg-unsupported': {
    message: 'this FFmpeg does not know an option that is needed',
    remedy: 'install FFmpeg 4.4 or later from your distribution',
  },
  failed: { message: 'the stream could not be opened', remedy: 'see the last line of FFmpeg in the message' },
};

/** Of `unauthorised`, where the camera got no user and no password. */
export const loginWanted: Explanation = {
  message: 'the camera wants a login, and none is configured (401)',
  remedy:
    'write user:password of the camera into a secret (docs/configuration.md, secretsDir), and name that secret with "credential" of the camera',
};

/** Of a camera that streams: `allowBasicLogin` without TLS. */
export const unprotectedLogin: Explanation = {
  message: 'the camera gets its password in a form that anybody on the way can read (Basic, without TLS)',
  remedy:
    'set the RTSP authentication of the camera to "digest" and remove allowBasicLogin, or write the url of this camera as rtsps://',
};

/** Of `no-first-frame` over UDP. */
export const firewalled: Explanation = {
  message: 'the camera accepted the session, but no picture arrived over UDP',
  remedy: 'set the transport of this camera to tcp: firewalls hold UDP back without a word',
};

/** By the transport that is configured. */
export const transportRefused: Readonly<Record<'tcp' | 'udp', Explanation>> = {
  tcp: {
    message: 'the camera does not offer the stream over tcp (461)',
    remedy: 'set the transport of this camera to udp',
  },
  udp: {
    message: 'the camera does not offer the stream over udp (461)',
    remedy: 'set the transport of this camera to tcp',
  },
};

/** Every way in which the pictures of a camera that streams are of no use. `lostPackets`: of those that are damaged so. */
export const damageExplanations: Readonly<Record<PictureDamageCode | 'lostPackets', Explanation>> = {
  'pictures-damaged': {
    message: 'the pictures arrive damaged',
    remedy:
      'restart the camera; if it stays so, switch off "smart codec" or "H.264+", try its other stream, and set hwaccel to none',
  },
  lostPackets: {
    message: 'packets of the stream are lost',
    remedy:
      'use transport tcp; if it is tcp already, lower the bit rate of the camera and check its cable, switch port or radio link',
  },
  'pictures-uniform': {
    message: 'the pictures show one colour and nothing else',
    remedy:
      'look at the picture: uncover and clean the lens, turn away what dazzles it, and restart a camera that sends grey or green',
  },
  'pictures-black': {
    message: 'the pictures are black',
    remedy:
      'give the place light or switch on the infrared light of the camera, and take the cover off its lens; where darkness is normal, leave "black" out of pictureChecks',
  },
  'pictures-frozen': {
    message: 'the same picture comes again and again, bit by bit',
    remedy: 'restart the camera, or the recorder that passes its stream on',
  },
};
