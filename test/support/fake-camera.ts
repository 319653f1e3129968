import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { cast } from '../../scripts/virtual-camera/cast.js';
import { renderedClip } from '../../scripts/virtual-camera/rendered-clip.js';
import { scenarioSchema } from '../../scripts/virtual-camera/scenario.js';

const [widthPx, heightPx, seconds] = [640, 480, 3];
/** The film is slower than it was rendered: chromium takes some pictures a second of it, and a blink must last. */
const slowerBy = 4;

/** A person who looks into the camera, turns the head to both sides, and blinks. */
const scenario = scenarioSchema.parse({
  ...{ widthPx, heightPx, framesPerS: 20 },
  scenes: [
    {
      ...{ kind: 'face', photo: cast.bea.photo, face: cast.bea.face, seconds },
      path: [{ atS: 0, x: 0.5, y: 0.5, faceWidthPx: 190 }],
      gestures: [
        { atS: 0.5, kind: 'turn-left', degrees: 43, movesS: 0.15, staysS: 0.35 },
        { atS: 1.2, kind: 'turn-right', degrees: 18, movesS: 0.15, staysS: 0.35 },
      ],
      blinks: [
        { atS: 2.1, durationS: 0.3 },
        { atS: 2.6, durationS: 0.3 },
      ],
    },
  ],
});

/** The person as a short clip, such as a phone takes. */
export const personClip = (): Promise<string> => renderedClip(scenario);

/** The film as MJPEG, for chromium in place of a camera. It begins again at its end. */
export async function fakeCameraFilm(directory: string): Promise<string> {
  const clip = await personClip();
  const film = join(directory, 'person.mjpeg');
  const filter = `setpts=${slowerBy}*PTS,fps=30`;
  const converting = spawn(
    'ffmpeg',
    ['-v', 'error', '-i', clip, '-vf', filter, '-q:v', '4', '-f', 'mjpeg', '-y', film],
    { stdio: 'inherit' },
  );
  const [code] = await once(converting, 'close');
  if (code !== 0) throw new Error(`ffmpeg ended with ${String(code)}`);
  return film;
}

/** What makes chromium show a film in place of a camera, to every page that asks. */
export const fakeCameraArgs = (film: string): readonly string[] => [
  ...['--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
  `--use-file-for-fake-video-capture=${film}`,
];
