import type { FfmpegBinary } from './ffmpeg-binary.js';

/** Quotes as `av_get_token` of FFmpeg reads it: literal up to the next quote. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * A script for FFmpeg's concat demuxer that opens the relay to one camera. It travels on standard input: command lines
 * and environments can be read by other users, and whoever knows the address of the relay may use it.
 */
export function cameraScript(
  /** `socketTimeoutS`: after which FFmpeg itself gives up on a silent connection, seconds. */
  wanted: { readonly url: string; readonly transport: 'tcp' | 'udp'; readonly socketTimeoutS: number },
  ffmpeg: FfmpegBinary,
): string {
  const { url, transport, socketTimeoutS } = wanted;
  const lines = ['ffconcat version 1.0'];
  if (ffmpeg.takesScriptOptions) {
    lines.push(
      `file ${quoted(url)}`,
      `option rtsp_transport ${transport}`,
      'option allowed_media_types video',
      // Do not wait to measure the frame rate: the first frame comes 0.8 s earlier, and nothing here uses it.
      'option fpsprobesize 0',
      // Over TCP FFmpeg says nothing of packets that the camera left out, unless it may hold some back to wait for them.
      // Over UDP it takes them from everybody, unless it is told not to.
      ...(transport === 'tcp' ? ['option reorder_queue_size 2'] : ['option rtsp_flags filter_src']),
      `option timeout ${Math.round(socketTimeoutS * 1e6)}`,
    );
  } else {
    // Before 5.0 the script takes no options. The RTSP demuxer reads the transport from the URL and removes it;
    // there is no way to give `stimeout`, so that a silent connection is left to the age of the last frame.
    lines.push(`file ${quoted(`${url}${url.includes('?') ? '&' : '?'}${transport}`)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The protocols the script's address may use; everything else is refused by FFmpeg. */
export const scriptProtocols = 'pipe,rtsp,rtp,tcp,udp';
