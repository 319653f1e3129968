import type { FfmpegBinary } from './ffmpeg-binary.js';

/** Quotes a text for FFmpeg's `av_get_token`, which reads it literally up to the next quote. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/**
 * A script for FFmpeg's concat demuxer that opens the relay to one camera. It goes through a pipe: other users can
 * read command lines and environments, and the address of the relay is a secret.
 */
export function cameraScript(
  /** `socketTimeoutS`: seconds after which FFmpeg gives up on a silent connection. */
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
      // Skips measuring the frame rate, which nothing uses: the first frame comes 0.8 s earlier.
      'option fpsprobesize 0',
      // Over TCP, FFmpeg reports missing packets only with a reorder queue. Over UDP, it accepts packets from any
      // sender without this filter.
      ...(transport === 'tcp' ? ['option reorder_queue_size 2'] : ['option rtsp_flags filter_src']),
      `option timeout ${Math.round(socketTimeoutS * 1e6)}`,
    );
  } else {
    // Before 5.0 the script takes no options. The RTSP demuxer reads the transport from the URL and removes it. No way to
    // set `stimeout` exists, so only the watchdog notices a silent connection.
    lines.push(`file ${quoted(`${url}${url.includes('?') ? '&' : '?'}${transport}`)}`);
  }
  return `${lines.join('\n')}\n`;
}

/** The protocols that FFmpeg accepts in the script's address. */
export const scriptProtocols = 'async,pipe,rtsp,rtp,tcp,udp';
