import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { messageOf, operational } from '../../base/errors.js';

const run = promisify(execFile);

/** One installed FFmpeg and what its version can do. */
export interface FfmpegBinary {
  readonly path: string;
  /** As it calls itself, for example `5.1.9-0+deb12u1`. */
  readonly version: string;
  /** Input options can be given in a concat script, and the RTSP socket timeout is called `timeout`: from 5.0. */
  readonly takesScriptOptions: boolean;
  /** Raw output may change its size in mid-stream (`-noautoscale`): from 4.4; before, later sizes are scaled. */
  readonly keepsChangedSize: boolean;
  /** `-vsync` is called `-fps_mode`: from 5.1; 9.0 no longer knows the old name. */
  readonly hasFpsMode: boolean;
}

/**
 * Reads the output of `ffmpeg -version`. The version of libavformat decides, since builds from a repository
 * carry no release number. Undefined where the text is not FFmpeg's.
 */
export function parseFfmpegVersion(path: string, output: string): FfmpegBinary | undefined {
  const version = /^ffmpeg version (\S+)/m.exec(output)?.[1];
  const library = /^libavformat\s+(\d+)\.\s*(\d+)\./m.exec(output);
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
  };
}

/**
 * Asks the FFmpeg at `path` (a name is looked up in PATH) for its version. Throws `ffmpeg-missing` where it
 * cannot be run and `ffmpeg-unsupported` where its answer is not understood.
 */
export async function detectFfmpeg(path = 'ffmpeg'): Promise<FfmpegBinary> {
  const output = await run(path, ['-hide_banner', '-version'], { timeout: 10_000 }).catch(
    (error: unknown) => {
      throw operational('ffmpeg-missing', `FFmpeg cannot be run as "${path}": ${messageOf(error)}`, {
        remedy: 'install it (on Debian: apt-get install ffmpeg) and make sure the service finds it in PATH',
        cause: error,
      });
    },
  );
  const binary = parseFfmpegVersion(path, output.stdout);
  if (binary !== undefined) return binary;
  throw operational('ffmpeg-unsupported', `"${path}" does not answer -version as FFmpeg does`, {
    remedy: 'install FFmpeg 4.4 or later from your distribution',
  });
}
