import type { Command } from 'commander';
import type { BoxStatus, CameraStatus, VisionStatus } from '../control/box-control.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { openDaemonClient } from './daemon-client.js';
import { exitCodes, print, runAction, table } from './output.js';

function stream(camera: CameraStatus): string {
  if (camera.stream === undefined) return '-';
  const { codec, widthPx, heightPx, fps } = camera.stream;
  return `${codec} ${widthPx}x${heightPx}${fps === null ? '' : ` @ ${fps}`}`;
}

/** One row a camera: state, stream and what came of its frames. */
export function cameraTable(cameras: readonly CameraStatus[]): string {
  const counter = (camera: CameraStatus, name: string): string => String(camera.counters[name] ?? '-');
  const rows = cameras.map((camera) => [
    camera.id,
    camera.state,
    stream(camera),
    counter(camera, 'delivered'),
    counter(camera, 'analysed'),
    counter(camera, 'dropped'),
    counter(camera, 'tracks'),
    counter(camera, 'restarts'),
  ]);
  const heading = ['camera', 'state', 'stream', 'frames', 'analysed', 'dropped', 'tracks', 'restarts'];
  const troubles = cameras
    .filter((camera) => camera.message !== undefined)
    .map((camera) => `${camera.id}: ${camera.message}\n  what to do: ${camera.remedy}`);
  return [table(heading, rows), ...troubles].join('\n');
}

function visionLine(vision: VisionStatus): string {
  const provider =
    vision.provider === undefined
      ? ''
      : `, ${vision.provider.actual} (asked for ${vision.provider.requested}), ${vision.recogniser}, ffmpeg ${vision.ffmpegVersion}`;
  const failure = vision.lastFailure === undefined ? '' : `, last failure: ${vision.lastFailure}`;
  return `vision ${vision.index}: ${vision.state}${provider}, ${vision.restarts} restarts${failure}`;
}

export function describeStatus(status: BoxStatus): string {
  const { gallery, broker, outbox, intake, eventLoop } = status;
  const remedy = broker.remedy === undefined ? '' : `\n  what to do: ${broker.remedy}`;
  const message = broker.message === undefined ? '' : `: ${broker.message}`;
  return [
    `rollcalld ${status.version}, site ${status.site}, box ${status.box}, up ${Math.round(status.uptimeS)} s`,
    ...status.vision.map(visionLine),
    `gallery: ${gallery.persons} persons, ${gallery.templates} templates, ${gallery.damagedRows} damaged rows`,
    `broker: ${broker.state}${message}${remedy}`,
    `events: ${intake.facts} recorded since the start, ${intake.suppressed} suppressed by cooldowns, ${intake.givenUp} sightings lost; ${outbox.waiting} waiting for the broker`,
    `event loop delay: p99 ${eventLoop.p99Ms.toFixed(1)} ms, maximum ${eventLoop.maximumMs.toFixed(1)} ms`,
    cameraTable(status.cameras),
  ].join('\n');
}

export function registerStatus(program: Command): void {
  withCommonOptions(program.command('status'))
    .description('show what the daemon is doing: cameras, vision processes, gallery, broker, outbox')
    .action((options: CommonOptions) =>
      runAction(options.json === true, async () => {
        const client = await openDaemonClient(options.config);
        const status = await client.status();
        print(options.json === true, status, () => describeStatus(status));
        return exitCodes.done;
      }),
    );
}
