import type { PictureDamageCode } from '../../kernel/picture-damage.js';
import type { StreamFailureCode } from './stream-end.js';

type Explanation = { readonly message: string; readonly remedy: string };

const checkNetwork =
  'Check the address, the cable and power of the camera, and that this box can reach its network.';

/** Every way in which a stream fails, for technicians: what happened, and what to do. */
export const explanations: Readonly<Record<StreamFailureCode, Explanation>> = {
  unauthorised: {
    message: 'the camera refuses the user or the password (401)',
    remedy:
      'Correct the credential of this camera; wait a few minutes first if the camera locks accounts after wrong tries.',
  },
  forbidden: {
    message: 'the camera accepts the login, but the user may not see the stream (403)',
    remedy: 'In the camera, allow this user to view live video.',
  },
  'not-found': {
    message: 'the camera has no stream under this path (404)',
    remedy: "Correct the path of the URL; the camera's manual or its ONVIF page shows it.",
  },
  'bad-request': {
    message: 'the camera rejects the request (400)',
    remedy:
      "Compare the path of the URL with the camera's manual, special characters included; the stream of this path may also have no video.",
  },
  'address-refused': {
    message:
      'the address is one of this box itself, or link-local, multicast or reserved, which a camera that was added over the API must not have',
    remedy:
      'Use the address of the camera in its network; if the camera really is there, allow its network in api.cameraNetworks of the configuration file.',
  },
  refused: {
    message: 'nothing listens at the address of the camera (connection refused)',
    remedy: 'Check that the camera is on, that RTSP is enabled in it, and the port in the URL (usually 554).',
  },
  unreachable: {
    message: 'the camera cannot be reached over the network',
    remedy: checkNetwork,
  },
  'unknown-host': {
    message: 'the host name of the camera cannot be resolved',
    remedy: 'Correct the name in the URL, use the IP address, or repair name resolution on this box.',
  },
  'no-answer': {
    message: 'the camera accepts the connection but does not answer',
    remedy: 'Restart the camera; if that does not help, check that the port in the URL is the RTSP port.',
  },
  'not-rtsp': {
    message: 'the server at this address does not speak RTSP',
    remedy:
      'Correct the port in the URL: RTSP usually uses 554, the web page of the camera 80 or 443; if the camera uses TLS on this port, write rtsps://.',
  },
  'server-busy': {
    message: 'the camera serves no more viewers',
    remedy: 'Close other viewers or recorders of this camera, or allow more streams in its settings.',
  },
  'server-error': {
    message: 'the camera answers with an error',
    remedy: 'Restart the camera and try its other stream.',
  },
  'transport-refused': {
    message: 'the camera does not offer the stream over the configured transport (461)',
    remedy: 'Change the transport of this camera from tcp to udp, or from udp to tcp.',
  },
  'login-unprotected': {
    message: 'the camera asks for the password in readable form (Basic); rollcall did not send it',
    remedy:
      'Set the RTSP authentication of the camera to "digest"; if the camera supports only Basic, use rtsps:// and set allowBasicLogin of this camera to true.',
  },
  'login-unsupported': {
    message: 'the camera asks for a kind of login that rollcall does not support; rollcall sent no password',
    remedy: 'Set the RTSP authentication of the camera to "digest".',
  },
  redirected: {
    message: 'the camera redirects to another address, and rollcall does not follow',
    remedy:
      'If you trust that address, write it as the url of this camera; otherwise find out which device answers here.',
  },
  'secure-connection-failed': {
    message: 'the secure connection to the camera failed',
    remedy:
      'Check the port in the URL, and that RTSP over TLS 1.2 or later is enabled in the camera; rtsp:// works without TLS, but then the network can read the pictures.',
  },
  'certificate-unknown': {
    message: 'this box does not trust the authority that signed the certificate of the camera',
    remedy:
      'Compare the fingerprint with the one on the web page of the camera; if they are the same, write it as the "fingerprint" of this camera; or set "caFile" to the certificate of its authority.',
  },
  'certificate-name': {
    message: 'the certificate of the camera is for another name or address',
    remedy:
      'Use a name from the certificate in the URL, give the camera a certificate for this address, or write its fingerprint as the "fingerprint" of this camera.',
  },
  'certificate-expired': {
    message: 'the certificate of the camera has expired or is not valid yet',
    remedy:
      'Check the clock of this box and of the camera; then renew the certificate in the camera, or write its fingerprint as the "fingerprint" of this camera.',
  },
  'certificate-changed': {
    message: 'the certificate of the camera is not the configured one',
    remedy:
      'If the camera got a new certificate, compare the new fingerprint with the one on the web page of the camera, and configure it; otherwise find out which device answers at this address.',
  },
  'no-video': {
    message: 'the camera offers no video under this path',
    remedy: 'Correct the path of the URL: this one may belong to audio or events.',
  },
  'no-key-frame': {
    message: 'video arrived, but no key frame to start decoding from',
    remedy: 'Set the key frame interval (GOP, I-frame interval) of the camera to 2 seconds or less.',
  },
  'no-parameter-sets': {
    message: 'video arrived, but without a key frame and without the parameter sets (SPS, PPS) for decoding',
    remedy:
      'Set the key frame interval (GOP, I-frame interval) of the camera to 2 seconds or less; if that does not help, restart the camera or try its other stream.',
  },
  undecodable: {
    message: 'video arrived, but no picture could be decoded',
    remedy:
      'Restart the camera; if that does not help, set it to H.264 without "smart codec", or try its other stream.',
  },
  'no-first-frame': {
    message: 'the camera accepted the session but sent no video',
    remedy: 'Restart the camera; if that does not help, try its other stream.',
  },
  'codec-unsupported': {
    message: 'this FFmpeg cannot decode the codec of the video',
    remedy: 'Set the camera to H.264 (or H.265) without vendor extensions such as "smart codec" or "H.264+".',
  },
  'hardware-decoding-failed': {
    message: 'the configured hardware does not decode the video of this camera',
    remedy:
      'Set hwaccel of this camera to auto or none; or install the driver, and give vision processes the device with "scripts/install --gpu".',
  },
  ended: {
    message: 'the camera ended the stream',
    remedy:
      'If the camera is restarting, wait; otherwise check whether it limits the length or the number of sessions.',
  },
  stalled: { message: 'the camera stopped sending pictures', remedy: checkNetwork },
  'falling-behind': {
    message: 'this box decodes the pictures more slowly than the camera sends them',
    remedy:
      "Find out which other programs use the processor (rollcall status, top); if there are none, use the camera's substream, lower its resolution or rate, or configure hardware decoding.",
  },
  'resolution-changed': {
    message: 'the camera changed its resolution',
    remedy: 'Do nothing: rollcall opens the stream again.',
  },
  'ffmpeg-killed': {
    message: 'a signal ended FFmpeg',
    remedy:
      'Check whether the kernel ran out of memory (journalctl -k), and whether a person or a script ends processes.',
  },
  'ffmpeg-missing': {
    message: 'FFmpeg cannot be started',
    remedy: 'Install FFmpeg (on Debian: apt-get install ffmpeg) and make sure that the service may run it.',
  },
  'ffmpeg-unsupported': {
    message: 'this FFmpeg does not support an option that rollcall needs',
    remedy: 'Install FFmpeg 4.4 or later from your distribution.',
  },
  failed: {
    message: 'the stream could not be opened',
    remedy: 'Read the last line of FFmpeg in the message.',
  },
};

/** Replaces `unauthorised` where no credential is configured. */
export const loginWanted: Explanation = {
  message: 'the camera asks for a login, and none is configured (401)',
  remedy:
    'Write user:password of the camera into a secret (docs/reference/configuration.md, secretsDir), and set "credential" of the camera to the name of that secret.',
};

/** A warning about a camera that streams: `hwaccel: auto` gave up the hardware for it. */
export const decodedInSoftware: Explanation = {
  message: 'the video is decoded in software, because the hardware failed',
  remedy:
    'Set the camera to H.264 with 8 bits, or check the driver of the GPU (dmesg); then restart rollcalld, which tries the hardware again. If the processor suffices, set hwaccel of this camera to none.',
};

/** A warning about a camera that streams: `allowBasicLogin` without TLS. */
export const unprotectedLogin: Explanation = {
  message: 'the password of the camera crosses the network in readable form (Basic, without TLS)',
  remedy:
    'Set the RTSP authentication of the camera to "digest" and remove allowBasicLogin, or write the url of this camera as rtsps://.',
};

/** Replaces `no-first-frame` over UDP. */
export const firewalled: Explanation = {
  message: 'the camera accepted the session, but no video arrived over UDP',
  remedy: 'Set the transport of this camera to tcp: firewalls often drop UDP silently.',
};

/** Replaces `transport-refused`, by the configured transport. */
export const transportRefused: Readonly<Record<'tcp' | 'udp', Explanation>> = {
  tcp: {
    message: 'the camera does not offer the stream over tcp (461)',
    remedy: 'Set the transport of this camera to udp.',
  },
  udp: {
    message: 'the camera does not offer the stream over udp (461)',
    remedy: 'Set the transport of this camera to tcp.',
  },
};

/** Every way in which the pictures of a streaming camera are useless. `lostPackets` has the remedy for damage by packet loss. */
export const damageExplanations: Readonly<Record<PictureDamageCode | 'lostPackets', Explanation>> = {
  'pictures-damaged': {
    message: 'the pictures arrive damaged',
    remedy:
      'Restart the camera; if that does not help, switch off "smart codec" or "H.264+", try its other stream, and set hwaccel to none.',
  },
  lostPackets: {
    message: 'packets of the stream are lost',
    remedy:
      'Use transport tcp; if it is tcp already, lower the bit rate of the camera and check its cable, switch port or radio link.',
  },
  'pictures-uniform': {
    message: 'the pictures show a single colour',
    remedy:
      'Look at the picture: uncover and clean the lens, remove glare, and restart the camera if the picture is grey or green.',
  },
  'pictures-black': {
    message: 'the pictures are black',
    remedy:
      'Switch on a light or the infrared light of the camera, and uncover its lens; where darkness is normal, remove "black" from pictureChecks.',
  },
  'pictures-frozen': {
    message: 'the camera keeps sending the same picture',
    remedy: 'Restart the camera, or the recorder that forwards its stream.',
  },
};
