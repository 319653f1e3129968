import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Picture } from '../../daemon/kernel/faces/picture.js';

const run = promisify(execFile);

/** Digits of the number that each picture shows in binary, along its lower edge. */
const digits = 10;
/** Numbers begin again after this many pictures. */
export const countedPictures = 2 ** digits;
/** Mean of the luma of black and white, in limited and in full range. */
const middleLuma = 128;

/** FFmpeg's input: a moving picture that shows its own number, and whose upper left corner is white and whose upper right one is black. */
export function countedPicture(widthPx: number, heightPx: number, fps: number, seconds: number): string {
  const corner = 'w=iw/6:h=ih/6:t=fill';
  const boxes = [
    `drawbox=x=0:y=0:${corner}:color=white`,
    `drawbox=x=iw*5/6:y=0:${corner}:color=black`,
    'drawbox=x=0:y=ih*5/6:w=iw:h=ih/6:color=black:t=fill',
    ...Array.from({ length: digits }, (_, digit) => {
      const place = `x=iw*${digit}/${digits}:y=ih*5/6:w=iw/${digits}:h=ih/6`;
      return `drawbox=${place}:color=white:t=fill:enable=gt(bitand(n\\,${2 ** digit})\\,0)`;
    }),
  ];
  return [`testsrc2=size=${widthPx}x${heightPx}:rate=${fps}:duration=${seconds}`, ...boxes].join(',');
}

/** Makes a clip of such pictures. `output`: arguments for filters and encoders. */
export async function makeClip(source: string, output: readonly string[], file: string): Promise<void> {
  const input = ['-f', 'lavfi', '-i', source];
  await run('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...input, ...output, file]);
}

/** The number that a picture shows; undefined where it is turned, mirrored, or not one of ours. */
export function numberIn({ data, widthPx, heightPx }: Picture): number | undefined {
  const isWhiteAt = (x: number, y: number): boolean =>
    (data[Math.floor(y * heightPx) * widthPx + Math.floor(x * widthPx)] ?? 0) > middleLuma;
  if (!isWhiteAt(1 / 12, 1 / 12) || isWhiteAt(11 / 12, 1 / 12)) return undefined;
  const places = Array.from({ length: digits }, (_, digit) => digit);
  return places.reduce(
    (sum, digit) => sum + (isWhiteAt((digit + 0.5) / digits, 11 / 12) ? 2 ** digit : 0),
    0,
  );
}
