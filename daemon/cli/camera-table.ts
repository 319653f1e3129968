import type { CameraStatus } from '../contract/cameras.js';
import { columns } from '../contract/command-line.js';
import { doctor } from '../core/doctor/finding.js';
import { cameraFindings } from '../core/doctor/status-areas.js';
import { said } from '../kernel/said.js';
import { table } from '../kernel/text-table.js';
import { english, type Language } from '../words/language.js';
import type { Paint } from './colour.js';
import { troubleLines } from './finding-text.js';

function stream({ stream: found }: CameraStatus): string {
  if (found === undefined) return '-';
  const { codec, widthPx, heightPx, fps, decoder = 'software' } = found;
  const rate = fps === null ? '' : ` @ ${fps}`;
  return `${codec} ${widthPx}x${heightPx}${rate}${decoder === 'software' ? '' : ` (${decoder})`}`;
}

function cameraRows(cameras: readonly CameraStatus[], language: Language): string {
  if (cameras.length === 0) return language.say('terminal/no-cameras');
  const counter = (camera: CameraStatus, name: string): string => String(camera.counters[name] ?? '-');
  const rows = cameras.map((camera) => [
    camera.id,
    stateText(camera, language),
    stream(camera),
    counter(camera, 'delivered'),
    counter(camera, 'analysed'),
    counter(camera, 'dropped'),
    ...loadTexts(camera),
    counter(camera, 'tracks'),
    String(camera.passages.count),
    counter(camera, 'restarts'),
  ]);
  const heading = [
    ...['camera', 'state', 'stream', 'frames', 'analysed', 'dropped', 'due-fps'],
    ...['decoder', 'analysis', 'tracks', 'passages', 'restarts'],
  ];
  return table(columns(language.say, heading), rows);
}

/** Analysed of due frames per second, and what decoder and analysis use of a core and of a thread. */
function loadTexts({ load }: CameraStatus): readonly [string, string, string] {
  if (load === undefined) return ['-', '-', '-'];
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const { analysedFps, dueFps, decoderCores, analysisThreads } = load;
  return [`${analysedFps.toFixed(0)}/${dueFps.toFixed(0)}`, percent(decoderCores), percent(analysisThreads)];
}

function stateText(camera: CameraStatus, language: Language): string {
  const { state, damage, lostStream, isSwitchedByCentre, viewers } = camera;
  const parts = [
    isSwitchedByCentre === true
      ? said('terminal/switched-by-centre', { state: doctor(`camera-${state}`) })
      : doctor(`camera-${state}`),
    ...(damage === undefined ? [] : [said('terminal/pictures-damaged')]),
    ...(lostStream === undefined ? [] : [said(`terminal/lost-${lostStream.which}`)]),
    ...(viewers === undefined ? [] : [said('terminal/viewers', { count: viewers })]),
  ];
  return parts.map((part) => language.textOf(part)).join(', ');
}

/** One row per camera: state, stream and frame counters. Problems follow the table. */
export const cameraTable = (
  cameras: readonly CameraStatus[],
  paint: Paint,
  language: Language = english,
): string =>
  [cameraRows(cameras, language), ...troubleLines(cameraFindings(cameras), paint, language)].join('\n');
