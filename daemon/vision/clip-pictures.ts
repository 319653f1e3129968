import type { CutOutcome } from '../contract/vision/vision-answers.js';
import { systemClock as clock } from '../host/system-clock.js';
import { cameraId } from '../kernel/ids.js';
import { said } from '../kernel/said.js';
import { inEnglish } from '../words/language.js';
import { uploadLimits, withClipFile } from './clip-liveness.js';
import { openClip } from './ingest/clip-source.js';
import type { FfmpegBinary } from './ingest/ffmpeg-binary.js';
import { jpegOfPart } from './jpeg-encoding.js';
import type { Refusal } from './photo.js';

/** The most pictures of one clip, and the time between two, ms: a person turns the head within a few seconds. */
const mostPictures = 10;
const everyMs = 400;
/** Longest side of a picture, pixels, and its quality: about 60 kB, and a face at arm's length keeps 200 pixels. */
const longestSidePx = 960;
const jpegQuality = 85;

type ClipPictures =
  | { readonly outcome: 'ok'; readonly pictures: readonly Uint8Array[] }
  | ({ readonly outcome: 'refused'; readonly code: string } & Refusal);

/** Takes pictures out of a clip at equal distances, at most `mostBytes` together. Never throws because of its content. */
export function picturesOfClip(
  clip: Uint8Array,
  { ffmpeg, mostBytes }: { readonly ffmpeg: FfmpegBinary; readonly mostBytes: number },
): Promise<ClipPictures> {
  return withClipFile(clip, async (path) => {
    const pictures: Uint8Array[] = [];
    let bytes = 0;
    let nextMs = 0;
    await using frames = await openClip({
      ...{ path, cameraId: cameraId('clip'), ffmpeg, clock },
      maxAnalysisWidthPx: 1920,
      limits: uploadLimits,
    });
    for await (const { picture, capturedAtMs, release } of frames) {
      try {
        if (capturedAtMs < nextMs) continue;
        nextMs = capturedAtMs + everyMs;
        const { widthPx: width, heightPx: height } = picture;
        const scale = Math.min(1, longestSidePx / Math.max(width, height));
        const jpeg = await jpegOfPart(
          picture,
          { x: 0, y: 0, width, height },
          { scale, quality: jpegQuality },
        );
        bytes += jpeg.length;
        if (bytes > mostBytes) break;
        pictures.push(jpeg);
        if (pictures.length === mostPictures) break;
      } finally {
        release();
      }
    }
    return pictures.length > 0 ? { outcome: 'ok', pictures } : noPicture;
  });
}

const noPicture: ClipPictures = {
  outcome: 'refused',
  code: 'clip-unreadable',
  ...inEnglish({
    message: said('photos/clip-without-picture'),
    remedy: said('photos/remedy-clip-without-picture'),
  }),
};

/** As the core gets it. */
export function cutOutcome(cut: ClipPictures): CutOutcome {
  if (cut.outcome !== 'ok') return cut;
  const sizes = cut.pictures.map(({ length }) => length);
  return { outcome: 'ok', sizes, picture: Buffer.concat(cut.pictures) };
}
