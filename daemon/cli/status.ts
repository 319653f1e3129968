import type { Command } from 'commander';
import { counted } from '../base/counted.js';
import type { BoxStatus, CameraStatus, VisionStatus } from '../control/box-control.js';
import { type CommonOptions, withCommonOptions } from './common-options.js';
import { openDaemonClient } from './daemon-client.js';
import { describeCertificate } from './doctor/certificate-text.js';
import { conditionLines } from './doctor/condition-text.js';
import { describeRotation } from './key/key-text.js';
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
    `${camera.state}${camera.isSwitchedByCentre === true ? ' (switched by a centre)' : ''}`,
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
  const { warning } = vision.provider ?? {};
  const warned = warning === undefined ? '' : `\n  warning: ${warning}`;
  const failure = vision.lastFailure === undefined ? '' : `, last failure: ${vision.lastFailure}`;
  return `vision ${vision.index}: ${vision.state}${provider}, ${counted(vision.restarts, 'restart')}${failure}${warned}`;
}

function remedyLine(remedy: string | undefined): string {
  return remedy === undefined || remedy === '' ? '' : `\n  what to do: ${remedy}`;
}

function eventsLine({ intake, outbox }: BoxStatus): string {
  const { facts, suppressed, givenUp, waiting, problem } = intake;
  const held = (outbox.heldBack ?? []).length === 0 ? '' : ", some HELD BACK: see 'rollcall outbox status'";
  const counts = `events: ${facts} recorded since the start, ${suppressed} suppressed by cooldowns, ${counted(givenUp, 'sighting')} lost; ${outbox.waiting} waiting for the broker${held}`;
  if (problem === undefined) return counts;
  return `${counts}\nevents cannot be recorded, ${counted(waiting, 'sighting waits', 'sightings wait')}: ${problem.message}${remedyLine(problem.remedy)}`;
}

/** Nothing where the running configuration is that of the file. */
function reloadLines({ lastReload }: BoxStatus): readonly string[] {
  if (lastReload?.outcome === 'refused') {
    const problems = lastReload.problems.map((problem) => `\n  ${problem}`).join('');
    return [`configuration: the one read at ${lastReload.at} is refused, the one before goes on:${problems}`];
  }
  if (lastReload?.outcome === 'applied' && lastReload.needRestart.length > 0) {
    return [`configuration: these changes wait for a restart: ${lastReload.needRestart.join(', ')}`];
  }
  return [];
}

function galleryLine({
  state,
  persons,
  templates,
  damagedRows,
  rotation,
  message,
  remedy,
}: BoxStatus['gallery']): string {
  if (state === 'sealed') return `gallery: SEALED, nobody is identified: ${message}${remedyLine(remedy)}`;
  const line = `gallery: open, ${counted(persons, 'person')}, ${counted(templates, 'template')}, ${counted(damagedRows, 'damaged row')}`;
  return rotation === undefined ? line : `${line}\nkey: ${describeRotation(rotation)}`;
}

/** Nothing where the broker lets the box read them. */
export function commandLines({ areCommandsRefused }: BoxStatus['broker']): readonly string[] {
  if (areCommandsRefused !== true) return [];
  const remedy =
    'let the broker allow this box to read its command topics, as config/mosquitto-acl.example does';
  return [`commands: refused by the broker${remedyLine(remedy)}`];
}

/** Nothing without TLS. */
function certificateLines({ certificates = [] }: BoxStatus['broker']): readonly string[] {
  return certificates.map((certificate) => `certificate of ${describeCertificate(certificate)}`);
}

function retentionLine({ lastRunAt, failures, clockDoubt }: BoxStatus['retention']): string {
  if (clockDoubt !== undefined) {
    return `retention: NOTHING IS DELETED, ${clockDoubt.message}${remedyLine(clockDoubt.remedy)}`;
  }
  if (lastRunAt === undefined) return 'retention: no run yet';
  const failed = failures === 0 ? '' : `, ${counted(failures, 'kind')} FAILED: see 'rollcall retention show'`;
  return `retention: last run ${lastRunAt}${failed}`;
}

/** Nothing where there are no rules and nothing is left of those there were. */
function alertLines({ alerts: { rules, pending, failed } }: BoxStatus): readonly string[] {
  if (rules === 0 && pending === 0 && failed === 0) return [];
  const failures = failed === 0 ? '' : `, ${failed} FAILED: see 'rollcall alerts list --state failed'`;
  return [
    `alerts: ${counted(rules, 'rule')}, ${counted(pending, 'delivery', 'deliveries')} waiting${failures}`,
  ];
}

export function describeStatus(status: BoxStatus): string {
  const { gallery, broker, eventLoop } = status;
  const message = broker.message === undefined ? '' : `: ${broker.message}`;
  return [
    `rollcalld ${status.version}, site ${status.site}, box ${status.box}, up ${Math.round(status.uptimeS)} s`,
    ...reloadLines(status),
    ...conditionLines(status),
    ...status.vision.map(visionLine),
    galleryLine(gallery),
    `broker: ${broker.state}${message}${remedyLine(broker.remedy)}`,
    ...commandLines(broker),
    ...certificateLines(broker),
    eventsLine(status),
    retentionLine(status.retention),
    ...alertLines(status),
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
