import { explanations, firewalled, loginWanted, transportRefused } from './failure-explanations.js';
import type { StreamInfo } from './frame-source.js';
import type { FailureVerdict, StreamFailure, StreamFailureCode } from './stream-end.js';

/** All that is known when a stream is over. */
export interface StreamEvidence {
  /**
   * What ended it: FFmpeg by itself (`exited`), our patience, somebody's signal to FFmpeg (`killed`), or FFmpeg
   * could not even be started.
   */
  readonly cause: 'exited' | 'no-first-frame' | 'stalled' | 'falling-behind' | 'killed' | 'not-started';
  readonly hadFrames: boolean;
  readonly transport: 'tcp' | 'udp';
  readonly hasCredential: boolean;
  /** Seconds from opening to the end, or since the last frame where there were some. */
  readonly waitedS: number;
  /** Seconds after which FFmpeg gives up on a silent connection. */
  readonly socketTimeoutS: number;
  /** The last warnings and errors of FFmpeg's log, oldest first, without credentials. */
  readonly lines: readonly string[];
  /** What the camera offers by its session description (`video`, `audio`, …), where it was seen. */
  readonly media?: readonly string[] | undefined;
  /** The video stream as FFmpeg understood it; its width is 0 where it did not. */
  readonly stream?: StreamInfo | undefined;
  /** Packets of it that arrived, where FFmpeg came to say so. */
  readonly packetsRead?: number | undefined;
  /** What the connection to the camera ended with, where that is known: FFmpeg does not see the camera itself. */
  readonly connection?: FailureVerdict | undefined;
}

/** Answers of RTSP servers (RFC 2326, section 7.1.1) that mean something particular. */
const statusCodes: Readonly<Record<string, StreamFailureCode>> = {
  '400': 'bad-request',
  '401': 'unauthorised',
  '403': 'forbidden',
  '404': 'not-found',
  '453': 'server-busy',
  '461': 'transport-refused',
  '503': 'server-busy',
};

/** In order: the first that is found in the log explains why there was no frame. */
const openingFailures: readonly (readonly [RegExp, StreamFailureCode])[] = [
  [/unknown keyword 'option'|Unrecognized option|Option not found|No such filter/, 'ffmpeg-unsupported'],
  [
    /Unrecognized hwaccel|No device available for decoder|Device setup failed|hwaccel init/,
    'hardware-decoding-failed',
  ],
  [/unknown codec|no decoder found|Decoder .* not found/i, 'codec-unsupported'],
  [/matches no streams/, 'no-video'],
  // Last: `auto` prints it for every kind of device that it goes on without.
  [/Device creation failed/, 'hardware-decoding-failed'],
];

/** H.264 and H.265 name their parameter sets so while none has come. */
const missesParameterSets = /non-existing [PS]PS|[VSP]PS id out of range|[VSP]PS \d+ does not exist/;
const cannotDecode =
  /Error while decoding|Error submitting|decode_slice_header error|\] \[error\] .*invalid/i;

/** Finds out what a technician has to know about the end of a stream. The exit code is no help: it is 0 for most. */
export function diagnose(evidence: StreamEvidence): StreamFailure {
  const { code, detail } = classify(evidence);
  const { message, remedy } = wording(code, evidence);
  return { code, message: detail === undefined ? message : `${message}: ${detail}`, remedy };
}

/** What is to be done depends on what is configured, for some. */
function wording(
  code: StreamFailureCode,
  { hasCredential, transport }: StreamEvidence,
): { readonly message: string; readonly remedy: string } {
  if (code === 'unauthorised' && !hasCredential) return loginWanted;
  if (transport === 'udp' && code === 'no-first-frame') return firewalled;
  return code === 'transport-refused' ? transportRefused[transport] : explanations[code];
}

function classify(evidence: StreamEvidence): FailureVerdict {
  const { cause, hadFrames, lines, waitedS } = evidence;
  const seconds = `${waitedS.toFixed(1)} s`;
  if (evidence.connection !== undefined) return evidence.connection;
  if (cause === 'not-started') return withLastLine('ffmpeg-missing', lines);
  if (cause === 'killed') return { code: 'ffmpeg-killed' };
  if (cause === 'stalled') return { code: 'stalled', detail: `none for ${seconds}` };
  if (cause === 'falling-behind') return { code: 'falling-behind' };
  // FFmpeg noticed the silence of the connection before we did.
  if (hadFrames) return { code: lines.some((line) => /timed out/.test(line)) ? 'stalled' : 'ended' };
  // No track was set up: servers answer PLAY in different ways then.
  if (evidence.media?.includes('video') === false) return offersNoVideo(evidence.media);
  const known = answerOf(lines) ?? matchOf(lines);
  if (known !== undefined) return known;
  if (evidence.media !== undefined || evidence.stream !== undefined)
    return withoutFirstFrame(evidence, seconds);
  return cause === 'no-first-frame' ? { code: 'no-answer' } : withoutWords(evidence);
}

function answerOf(lines: readonly string[]): FailureVerdict | undefined {
  for (const line of lines) {
    // For this status FFmpeg does not say which request the camera answered.
    if (/Server returned 400\b/.test(line)) return { code: 'bad-request' };
    const answer = /method (\w+) failed: (\d{3}) ?(.*)/.exec(line);
    if (answer === null) continue;
    const [, method = '', status = '', reason = ''] = answer;
    // The camera knows no session where no track could be set up.
    if (method === 'PLAY' && ['454', '455'].includes(status)) return { code: 'no-video' };
    const code = statusCodes[status];
    return code === undefined ? { code: 'server-error', detail: `${status} ${reason}`.trim() } : { code };
  }
  return undefined;
}

function matchOf(lines: readonly string[]): FailureVerdict | undefined {
  const found = openingFailures.find(([pattern]) => lines.some((line) => pattern.test(line)));
  return found && { code: found[1] };
}

function offersNoVideo(media: readonly string[]): FailureVerdict {
  return { code: 'no-video', detail: `only ${[...new Set(media)].join(', ')}` };
}

/** There was a session with video in it. */
function withoutFirstFrame({ lines, packetsRead, stream }: StreamEvidence, seconds: string): FailureVerdict {
  const detail = `within ${seconds}`;
  const says = (pattern: RegExp): boolean => lines.some((line) => pattern.test(line));
  if (says(missesParameterSets)) return { code: 'no-parameter-sets', detail };
  if (says(cannotDecode)) return { code: 'undecodable', detail };
  const hasCome = packetsRead === undefined ? (stream?.widthPx ?? 0) > 0 : packetsRead > 0;
  return { code: hasCome ? 'no-key-frame' : 'no-first-frame', detail };
}

/** FFmpeg says only "Invalid data found" when nobody answers and when the answer is no RTSP. */
function withoutWords({ lines, waitedS, socketTimeoutS }: StreamEvidence): FailureVerdict {
  if (!lines.some((line) => /Invalid data found|timed out/.test(line))) return withLastLine('failed', lines);
  return { code: waitedS >= socketTimeoutS ? 'no-answer' : 'not-rtsp' };
}

function withLastLine(code: StreamFailureCode, lines: readonly string[]): FailureVerdict {
  const last = lines.at(-1);
  return last === undefined ? { code } : { code, detail: last };
}
