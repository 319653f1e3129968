import { explanations } from './failure-explanations.js';
import type { StreamFailure, StreamFailureCode } from './stream-end.js';

/** All that is known when a stream is over. */
export interface StreamEvidence {
  /**
   * What ended it: FFmpeg by itself (`exited`), our patience, somebody's signal to FFmpeg (`killed`), or FFmpeg
   * could not even be started.
   */
  readonly cause: 'exited' | 'no-first-frame' | 'stalled' | 'falling-behind' | 'killed' | 'not-started';
  readonly hadFrames: boolean;
  readonly transport: 'tcp' | 'udp';
  /** Seconds from opening to the end, or since the last frame where there were some. */
  readonly waitedS: number;
  /** Seconds after which FFmpeg gives up on a silent connection. */
  readonly socketTimeoutS: number;
  /** The last warnings and errors of FFmpeg's log, oldest first, without credentials. */
  readonly lines: readonly string[];
  /** Whether the camera's port could be connected to afterwards, where that was tried. */
  readonly isReachable?: boolean;
}

/** Answers of RTSP servers (RFC 2326, section 7.1.1) that mean something particular. */
const statusCodes: Readonly<Record<string, StreamFailureCode>> = {
  '401': 'unauthorised',
  '403': 'forbidden',
  '404': 'not-found',
  '453': 'server-busy',
  '461': 'transport-refused',
  '503': 'server-busy',
};

/** In order: the first that is found in the log explains why there was no frame. */
const openingFailures: readonly (readonly [RegExp, StreamFailureCode])[] = [
  [/Connection refused/, 'refused'],
  [/Failed to resolve hostname/, 'unknown-host'],
  [/No route to host|Network is unreachable|Host is down/, 'unreachable'],
  [/unknown keyword 'option'|Unrecognized option|Option not found|No such filter/, 'ffmpeg-unsupported'],
  [
    /Unrecognized hwaccel|No device available for decoder|Device setup failed|hwaccel init/,
    'hardware-decoding-failed',
  ],
  [/unknown codec|no decoder found|Decoder .* not found/i, 'codec-unsupported'],
  [/matches no streams/, 'no-video'],
  [/\[tls @|certificate|handshake/i, 'secure-connection-failed'],
  [
    /non-existing [PS]PS|[PS]PS id out of range|[pvs]ps_id|no frame!|Could not find codec parameters/i,
    'no-key-frame',
  ],
  // Last: `auto` prints it for every kind of device that it goes on without.
  [/Device creation failed/, 'hardware-decoding-failed'],
];

/** Finds out what a technician has to know about the end of a stream. The exit code is no help: it is 0 for most. */
export function diagnose(evidence: StreamEvidence): StreamFailure {
  const { code, detail } = classify(evidence);
  const { message, remedy } = explanations[code];
  return { code, message: detail === undefined ? message : `${message}: ${detail}`, remedy };
}

interface Verdict {
  readonly code: StreamFailureCode;
  readonly detail?: string;
}

function classify(evidence: StreamEvidence): Verdict {
  const { cause, hadFrames, lines, waitedS } = evidence;
  const seconds = `${waitedS.toFixed(1)} s`;
  if (cause === 'not-started') return withLastLine('ffmpeg-missing', lines);
  if (cause === 'killed') return { code: 'ffmpeg-killed' };
  if (cause === 'stalled') return { code: 'stalled', detail: `none for ${seconds}` };
  if (cause === 'falling-behind') return { code: 'falling-behind' };
  // FFmpeg noticed the silence of the connection before we did.
  if (hadFrames) return { code: lines.some((line) => /timed out/.test(line)) ? 'stalled' : 'ended' };
  const known = answerOf(lines) ?? matchOf(lines);
  if (known !== undefined) return known;
  return cause === 'no-first-frame' ? withoutFirstFrame(evidence, seconds) : withoutWords(evidence);
}

function answerOf(lines: readonly string[]): Verdict | undefined {
  for (const line of lines) {
    const answer = /method \w+ failed: (\d{3}) ?(.*)/.exec(line);
    if (answer === null) continue;
    const [, status = '', reason = ''] = answer;
    const code = statusCodes[status];
    return code === undefined ? { code: 'server-error', detail: `${status} ${reason}`.trim() } : { code };
  }
  return undefined;
}

function matchOf(lines: readonly string[]): Verdict | undefined {
  const found = openingFailures.find(([pattern]) => lines.some((line) => pattern.test(line)));
  return found && { code: found[1] };
}

function withoutFirstFrame({ transport }: StreamEvidence, seconds: string): Verdict {
  const hint = transport === 'udp' ? '; over UDP a firewall may hold it back: try tcp' : '';
  return { code: 'no-first-frame', detail: `within ${seconds}${hint}` };
}

/** FFmpeg says only "Invalid data found" when nobody answers and when the answer is no RTSP. */
function withoutWords({ lines, waitedS, socketTimeoutS, isReachable }: StreamEvidence): Verdict {
  if (isReachable === false) return { code: 'unreachable' };
  if (!lines.some((line) => /Invalid data found|timed out/.test(line))) return withLastLine('failed', lines);
  return { code: waitedS >= socketTimeoutS ? 'no-answer' : 'not-rtsp' };
}

function withLastLine(code: StreamFailureCode, lines: readonly string[]): Verdict {
  const last = lines.at(-1);
  return last === undefined ? { code } : { code, detail: last };
}
