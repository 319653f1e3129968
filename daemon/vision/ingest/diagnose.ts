import type { VideoDecoder } from '../../kernel/video-decoder.js';
import {
  explanations,
  firewalled,
  loginWanted,
  transportRefused,
  withDetail,
} from './failure-explanations.js';
import type { DeclaredStream } from './frame-source.js';
import type { FailureVerdict, StreamFailure, StreamFailureCode } from './stream-end.js';

/** Everything known about a stream that has ended. */
export interface StreamEvidence {
  /**
   * What ended it: FFmpeg exited by itself (`exited`), a time limit of the watchdog passed, a signal ended FFmpeg
   * (`killed`), or FFmpeg could not be started.
   */
  readonly cause: 'exited' | 'no-first-frame' | 'stalled' | 'falling-behind' | 'killed' | 'not-started';
  readonly hadFrames: boolean;
  readonly decoder: VideoDecoder;
  readonly transport: 'tcp' | 'udp';
  readonly hasCredential: boolean;
  /** Seconds from the last frame to the end; from the opening, where there was no frame. */
  readonly waitedS: number;
  /** The last warnings and errors of FFmpeg's log, oldest first, without credentials. */
  readonly lines: readonly string[];
  /** Media in the camera's session description (`video`, `audio`, …), where one arrived. */
  readonly media?: readonly string[] | undefined;
  /** The video stream as FFmpeg described it; its width is 0 where FFmpeg did not recognise it. */
  readonly stream?: DeclaredStream | undefined;
  /** Video packets that arrived, where FFmpeg reported them before it ended. */
  readonly packetsRead?: number | undefined;
  /** Why the connection to the camera failed, where the relay knows: FFmpeg talks to the relay only. */
  readonly connection?: FailureVerdict | undefined;
}

/** Status codes of RTSP (RFC 2326, section 7.1.1) with an explanation of their own. */
const statusCodes: Readonly<Record<string, StreamFailureCode>> = {
  '400': 'bad-request',
  '401': 'unauthorised',
  '403': 'forbidden',
  '404': 'not-found',
  '453': 'server-busy',
  '461': 'transport-refused',
  '503': 'server-busy',
};

/** The first pattern that the log contains explains why there was no frame. */
const openingFailures: readonly (readonly [RegExp, StreamFailureCode])[] = [
  [/unknown keyword 'option'|Unrecognized option|Option not found|No such filter/, 'ffmpeg-unsupported'],
  [/unknown codec|no decoder found|Decoder .* not found/i, 'codec-unsupported'],
  [/matches no streams/, 'no-video'],
];

/** How FFmpeg reports that hardware cannot decode: no support, no device, a codec or profile that it does not know, a lost device. */
const hardwareFailures = [
  /Unrecognized hwaccel/,
  /Device creation failed|Device setup failed|No device available for decoder/,
  /hwaccel initiali[sz]ation|hardware accelerator failed/,
  /CUDA_ERROR|Failed to transfer data to output frame/,
  // The decoder fell back to frames in memory, which `hwdownload` does not take.
  /Impossible to convert between the formats/,
];

/** How the decoders of H.264 and H.265 report missing parameter sets. */
const missesParameterSets = /non-existing [PS]PS|[VSP]PS id out of range|[VSP]PS \d+ does not exist/;
/** From FFmpeg 7 on, inputs and filters also call it invalid data that nothing came; a decoder's own complaints begin with its name alone. */
const cannotDecode =
  /Error while decoding|Error submitting|decode_slice_header error|^\[(?!rtsp |concat )\w+ @ \w+\] \[error\] .*invalid/i;

/** Explains to a technician why a stream ended. The exit code of FFmpeg does not help: it is 0 for most failures. */
export function diagnose(evidence: StreamEvidence): StreamFailure {
  const { code, detail } = classify(evidence);
  const found = wording(code, evidence);
  return { code, ...(detail === undefined ? found : withDetail(found, detail)) };
}

/** Message and remedy; for some codes they depend on the configuration. */
function wording(
  code: StreamFailureCode,
  { hasCredential, transport }: StreamEvidence,
): (typeof explanations)[StreamFailureCode] {
  if (code === 'unauthorised' && !hasCredential) return loginWanted;
  if (transport === 'udp' && code === 'no-first-frame') return firewalled;
  return code === 'transport-refused' ? transportRefused[transport] : explanations[code];
}

function classify(evidence: StreamEvidence): FailureVerdict {
  const { cause, connection, hadFrames, lines, waitedS } = evidence;
  const seconds = `${waitedS.toFixed(1)} s`;
  const hardware = evidence.decoder === 'software' ? undefined : hardwareFailureIn(lines);
  // A decoder of its own that ended knows only that it did.
  const isOfHardware = connection?.code === 'undecodable' && hardware !== undefined;
  if (connection !== undefined && !isOfHardware) return connection;
  if (cause === 'not-started') return withLastLine('ffmpeg-missing', lines);
  if (cause === 'killed') return { code: 'ffmpeg-killed' };
  if (hardware !== undefined) return { code: 'hardware-decoding-failed', detail: hardware };
  if (cause === 'stalled') return { code: 'stalled', detail: `none for ${seconds}` };
  if (cause === 'falling-behind') return { code: 'falling-behind' };
  // FFmpeg noticed the silence of the connection before the watchdog did.
  if (hadFrames) return { code: lines.some((line) => /timed out/.test(line)) ? 'stalled' : 'ended' };
  // Without video no track was set up, and servers answer PLAY in different ways then.
  if (evidence.media?.includes('video') === false) return offersNoVideo(evidence.media);
  const known = answerOf(evidence) ?? matchOf(lines);
  if (known !== undefined) return known;
  if (evidence.media !== undefined || evidence.stream !== undefined)
    return withoutFirstFrame(evidence, seconds);
  return cause === 'no-first-frame' ? { code: 'no-answer' } : withoutSession(evidence);
}

function answerOf({ lines, media }: StreamEvidence): FailureVerdict | undefined {
  for (const line of lines) {
    // For this status FFmpeg does not name the request that the camera answered.
    if (/Server returned 400\b/.test(line)) return { code: 'bad-request' };
    const answer = /method (\w+) failed: (\d{3}) ?(.*)/.exec(line);
    if (answer === null) continue;
    const [, method = '', status = '', reason = ''] = answer;
    // Without a track the camera has no session.
    if (method === 'PLAY' && media === undefined && ['454', '455'].includes(status))
      return { code: 'no-video' };
    const code = statusCodes[status];
    return code === undefined ? { code: 'server-error', detail: `${status} ${reason}`.trim() } : { code };
  }
  return undefined;
}

function matchOf(lines: readonly string[]): FailureVerdict | undefined {
  const found = openingFailures.find(([pattern]) => lines.some((line) => pattern.test(line)));
  return found && { code: found[1] };
}

function hardwareFailureIn(lines: readonly string[]): string | undefined {
  const line = lines.find((each) => hardwareFailures.some((pattern) => pattern.test(each)));
  return line?.replace(/^(?:\[[^\]]*\] )+/, '');
}

function offersNoVideo(media: readonly string[]): FailureVerdict {
  return { code: 'no-video', detail: `only ${[...new Set(media)].join(', ')}` };
}

/** Explains a session that offered video but brought no frame. */
function withoutFirstFrame({ lines, packetsRead, stream }: StreamEvidence, seconds: string): FailureVerdict {
  const detail = `within ${seconds}`;
  const logHas = (pattern: RegExp): boolean => lines.some((line) => pattern.test(line));
  if (logHas(missesParameterSets)) return { code: 'no-parameter-sets', detail };
  if (logHas(cannotDecode)) return { code: 'undecodable', detail };
  const hasVideo = packetsRead === undefined ? (stream?.widthPx ?? 0) > 0 : packetsRead > 0;
  return { code: hasVideo ? 'no-key-frame' : 'no-first-frame', detail };
}

/** FFmpeg calls silence invalid data, too. It never sees an answer that is not RTSP: the relay reports that itself. */
function withoutSession({ lines }: StreamEvidence): FailureVerdict {
  const isSilent = lines.some((line) => /Invalid data found|timed out/.test(line));
  return isSilent ? { code: 'no-answer' } : withLastLine('failed', lines);
}

function withLastLine(code: StreamFailureCode, lines: readonly string[]): FailureVerdict {
  const last = lines.at(-1);
  return last === undefined ? { code } : { code, detail: last };
}
