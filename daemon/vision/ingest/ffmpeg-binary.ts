import { runBound } from '../../host/bound-child.js';
import { messageOf, operational } from '../../kernel/errors.js';

/** One installed FFmpeg and the capabilities of its version. */
export interface FfmpegBinary {
  readonly path: string;
  /** The version text, for example `5.1.9-0+deb12u1`. */
  readonly version: string;
  /** From 5.0: a concat script can set input options, and the RTSP socket timeout is called `timeout`. */
  readonly takesScriptOptions: boolean;
  /** From 4.4: raw output may change its size in mid-stream (`-noautoscale`). Earlier versions scale later sizes. */
  readonly keepsChangedSize: boolean;
  /** From 5.1: `-vsync` is called `-fps_mode`. 9.0 removed the old name. */
  readonly hasFpsMode: boolean;
  /** From 7.0: commands on standard input are read as often as statistics are due. Earlier versions read them ten times a second. */
  readonly readsCommandsWithStats: boolean;
}

/**
 * Parses what FFmpeg says of itself before it does anything, and for `-version`. The version of libavformat decides: builds from a repository have no release
 * number. Undefined where the text is not from FFmpeg.
 */
export function parseFfmpegVersion(path: string, output: string): FfmpegBinary | undefined {
  const version = /^ffmpeg version (\S+)/m.exec(output)?.[1];
  const library = /^\s*libavformat\s+(\d+)\.\s*(\d+)\./m.exec(output);
  if (version === undefined || library === null) return undefined;
  const [major, minor] = [Number(library[1]), Number(library[2])];
  const isAtLeast = (wantedMajor: number, wantedMinor: number): boolean =>
    major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
  return {
    path,
    version,
    takesScriptOptions: isAtLeast(59, 0),
    keepsChangedSize: isAtLeast(58, 76),
    hasFpsMode: isAtLeast(59, 27),
    readsCommandsWithStats: isAtLeast(61, 0),
  };
}

/** Seconds where disk and cores are busy; a program that waits for its input would never answer. */
const answerMs = 60_000;

/** Its protocols, after what it says of itself on standard error: one start tells both. */
const option = '-protocols';

/** What `path` prints. Throws `ffmpeg-missing`. */
async function ask(
  path: string,
  timeoutMs: number,
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  return runBound(path, [option], { timeout: timeoutMs }).catch((error: unknown) => {
    throw (error as { killed?: boolean }).killed === true
      ? operational('ffmpeg-missing', `"${path}" did not answer to ${option} within ${timeoutMs / 1000} s`, {
          remedy: `Run "${path} ${option}" by hand: if it answers, the machine is too busy; if not, install FFmpeg again.`,
        })
      : operational('ffmpeg-missing', `FFmpeg cannot be run as "${path}": ${messageOf(error)}`, {
          remedy:
            'Install FFmpeg (on Debian: apt-get install ffmpeg) and make sure that it is in the PATH of the service.',
          cause: error,
        });
  });
}

/** Builds for special purposes lack some; every camera would fail with a message about its script. */
const neededProtocols = ['async', 'concat', 'pipe', 'rtp', 'tcp', 'udp'];

/**
 * Asks the FFmpeg at `path` for its version and protocols; a name without a slash is searched in PATH. Throws `ffmpeg-missing` where it
 * does not run or does not answer within `timeoutMs`, and `ffmpeg-unsupported` for an unknown answer or a build that cannot read cameras.
 */
export async function detectFfmpeg(path = 'ffmpeg', timeoutMs = answerMs): Promise<FfmpegBinary> {
  const { stdout, stderr } = await ask(path, timeoutMs);
  const binary = parseFfmpegVersion(path, stderr);
  const remedy = 'Install FFmpeg 4.4 or later from your distribution.';
  if (binary === undefined)
    throw operational('ffmpeg-unsupported', `"${path}" gave an unknown answer to ${option}`, { remedy });
  const protocols = new Set(stdout.split(/\s+/));
  const missing = neededProtocols.filter((name) => !protocols.has(name));
  if (missing.length === 0) return binary;
  const text = `"${path}" (${binary.version}) was built without the protocols ${missing.join(', ')}`;
  throw operational('ffmpeg-unsupported', text, { remedy });
}
