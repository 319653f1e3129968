import type { CameraStatus } from '../contract/cameras.js';
import { cameraFindings } from '../core/doctor/status-areas.js';
import { counted } from '../kernel/counted.js';
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

function cameraRows(cameras: readonly CameraStatus[]): string {
  if (cameras.length === 0) return 'No cameras are configured.';
  const counter = (camera: CameraStatus, name: string): string => String(camera.counters[name] ?? '-');
  const rows = cameras.map((camera) => [
    camera.id,
    stateText(camera),
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
    'camera',
    'state',
    'stream',
    'frames',
    'analysed',
    'dropped',
    'due fps',
    'decoder',
    'analysis',
    'tracks',
    'passages',
    'restarts',
  ];
  return table(heading, rows);
}

/** Analysed of due frames per second, and what decoder and analysis use of a core and of a thread. */
function loadTexts({ load }: CameraStatus): readonly [string, string, string] {
  if (load === undefined) return ['-', '-', '-'];
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const { analysedFps, dueFps, decoderCores, analysisThreads } = load;
  return [`${analysedFps.toFixed(0)}/${dueFps.toFixed(0)}`, percent(decoderCores), percent(analysisThreads)];
}

function stateText({ state, damage, lostStream, isSwitchedByCentre, viewers }: CameraStatus): string {
  return [
    state,
    ...(damage === undefined ? [] : [', PICTURES DAMAGED']),
    ...(lostStream === undefined
      ? []
      : [lostStream.which === 'main' ? ', MAIN STREAM LOST' : ', substream lost']),
    ...(isSwitchedByCentre === true ? [' (switched by a centre)'] : []),
    ...(viewers === undefined ? [] : [`, ${counted(viewers, 'viewer')}`]),
  ].join('');
}

/** One row per camera: state, stream and frame counters. Problems follow the table. */
export const cameraTable = (
  cameras: readonly CameraStatus[],
  paint: Paint,
  language: Language = english,
): string => [cameraRows(cameras), ...troubleLines(cameraFindings(cameras), paint, language)].join('\n');
