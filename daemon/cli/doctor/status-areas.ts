import { counted } from '../../base/counted.js';
import type { BoxStatus, CameraStatus, VisionStatus } from '../../control/box-control.js';
import type { RotationStatus } from '../../control/key-control.js';
import { costOfOldMqtt } from '../../publish/broker/version-choice.js';
import { type Paint, plain } from '../colour.js';
import { heldBackFindings } from '../events/held-back-text.js';
import { describeRotation } from '../key/key-text.js';
import { table } from '../output.js';
import type { ShowTime } from '../site-time.js';
import { describeCertificate } from './certificate-text.js';
import { conditionFindings } from './condition-text.js';
import { certificateFinding } from './doctor-certificates.js';
import { type Finding, ok } from './doctor-finding.js';
import { rotationFindings } from './doctor-key.js';

/**
 * One area of what the daemon says of itself. `status` shows the facts and every finding that is not ok, `doctor` shows all
 * findings: they are made here once, so that the two commands cannot disagree.
 */
export interface StatusArea {
  /** Lines that tell how it is, whether or not anything is wrong. */
  readonly facts: readonly string[];
  readonly findings: readonly Finding[];
}

/** In the order in which `status` shows them. */
export function statusAreas(status: BoxStatus, show: ShowTime): readonly StatusArea[] {
  return [
    { facts: [], findings: [...reloadFindings(status, show), ...conditionFindings(status)] },
    recogniserArea(status.recogniser),
    ...status.vision.map(visionArea),
    galleryArea(status.gallery),
    brokerArea(status.broker),
    eventsArea(status, show),
    retentionArea(status.retention, show),
    alertsArea(status.alerts),
    { facts: [eventLoopLine(status)], findings: [] },
    { facts: [cameraRows(status.cameras)], findings: cameraFindings(status.cameras) },
  ];
}

export const statusFindings = (status: BoxStatus, show: ShowTime): readonly Finding[] =>
  statusAreas(status, show).flatMap(({ findings }) => findings);

/** What has to be looked at, with the remedy on a line of its own; nothing of what is ok. */
export function troubleLines(findings: readonly Finding[], paint: Paint = plain): readonly string[] {
  return findings
    .filter(({ outcome }) => outcome !== 'ok')
    .map(({ check, outcome, message, remedy = '' }) => {
      const what = remedy === '' ? '' : `\n  what to do: ${remedy}`;
      return `${paint(outcome, 'ATTENTION')}: ${check}: ${message}${what}`;
    });
}

/** Nothing where the running configuration is that of the file. */
function reloadFindings({ lastReload }: BoxStatus, show: ShowTime): readonly Finding[] {
  const check = 'configuration';
  if (lastReload?.outcome === 'refused') {
    const problems = lastReload.problems.map((problem) => `\n  ${problem}`).join('');
    const message = `the one read at ${show(lastReload.at)} is refused, the one before goes on:${problems}`;
    const remedy = 'correct the file, and reload: systemctl reload rollcalld';
    return [{ check, outcome: 'failed', message, remedy }];
  }
  if (lastReload?.outcome === 'applied' && lastReload.needRestart.length > 0) {
    const message = `these changes wait for a restart: ${lastReload.needRestart.join(', ')}`;
    return [{ check, outcome: 'warning', message, remedy: 'restart it: systemctl restart rollcalld' }];
  }
  return [];
}

/** How far a configured threshold may lie from the operating point of the recogniser: no measured site needs more. */
const plausibleShift = 0.2;
/** Recognisers that err more than the preferred one (docs/accuracy.md); who set up another one knows why. */
const lesserRecognisers: ReadonlySet<string> = new Set(['dlib-resnet', 'faceres']);

/** Nothing where a daemon of an older release answers. */
function recogniserArea(recogniser: BoxStatus['recogniser']): StatusArea {
  if (recogniser === undefined) return { facts: [], findings: [] };
  const { name, reason, preferred } = recogniser;
  const check = 'recogniser';
  const findings: Finding[] = [...thresholdFindings(recogniser)];
  const isLesser = reason !== 'configured' && lesserRecognisers.has(name);
  if (isLesser && preferred.state === 'absent') {
    const message = `${name} is in use, because ${preferred.name} is not on this machine; ${preferred.name} errs far less`;
    const move = reason === 'gallery' ? `, then 'rollcall gallery re-embed --to ${preferred.name}'` : '';
    const remedy = `run 'rollcall models build' where npm can reach its registry, restart rollcalld${move}`;
    findings.push({ check, outcome: 'warning', message, remedy });
    return { facts: [`recogniser: ${name}`], findings };
  }
  const why = { configured: ', as configured', gallery: ', which made this gallery', default: '' }[reason];
  const better = isLesser
    ? `; ${preferred.name} errs far less: 'rollcall gallery re-embed --to ${preferred.name}' moves the gallery to it`
    : '';
  const stands = `${name}${why}${better}`;
  return { facts: [`recogniser: ${stands}`], findings: [ok(check, stands), ...findings] };
}

/** Thresholds of one recogniser are of no use to another. */
function thresholdFindings({
  name,
  configuredThreshold,
  ownThreshold,
}: NonNullable<BoxStatus['recogniser']>): readonly Finding[] {
  if (configuredThreshold === undefined || ownThreshold === undefined) return [];
  if (Math.abs(configuredThreshold - ownThreshold) <= plausibleShift) return [];
  const message = `identification.threshold is ${configuredThreshold}, and the operating point of ${name} is ${ownThreshold}: it may be that of another recogniser`;
  const remedy = `remove identification.threshold and identification.margin from the configuration, or set both for ${name}`;
  return [{ check: 'threshold', outcome: 'warning', message, remedy }];
}

function visionArea(vision: VisionStatus): StatusArea {
  const { index, state, provider, recogniser, ffmpegVersion, restarts, lastFailure } = vision;
  const check = `vision process ${index}`;
  const about =
    provider === undefined
      ? ''
      : `, ${provider.actual} (asked for ${provider.requested}), ${recogniser}, ffmpeg ${ffmpegVersion}`;
  const failure = lastFailure === undefined ? '' : `, last failure: ${lastFailure}`;
  const facts = [
    `vision ${index}: ${state}${about}, ${counted(restarts, 'restart')}${failure}${refusedText(vision)}`,
  ];
  if (state !== 'running') {
    if (lastFailure === undefined) {
      const remedy = 'wait a minute; if it stays so, read the log of rollcalld: journalctl -u rollcalld';
      const loads = { check, outcome: 'warning', message: 'it loads its models', remedy } as const;
      return { facts, findings: [loads] };
    }
    const message = `${state}: ${lastFailure}`;
    const remedy = 'read the log of rollcalld: journalctl -u rollcalld';
    return { facts, findings: [{ check, outcome: 'failed', message, remedy }] };
  }
  if (provider?.warning === undefined)
    return { facts, findings: [ok(check, `running on ${provider?.actual ?? 'unknown'}`)] };
  const message = `running on ${provider.actual}, not as hoped for: ${provider.warning}`;
  const remedy =
    'give the daemon the driver and the device files of the GPU (systemd/rollcalld.service names them), or set vision.provider to cpu';
  return { facts, findings: [{ check, outcome: 'warning', message, remedy }] };
}

/** `, refused: 3 time, 21 camera`. */
function refusedText({ refused = {} }: VisionStatus): string {
  const kinds = Object.entries(refused).map(([why, count]) => `${count} ${why}`);
  return kinds.length === 0 ? '' : `, refused: ${kinds.join(', ')}`;
}

function galleryArea(gallery: BoxStatus['gallery']): StatusArea {
  const check = 'gallery';
  const { state, persons, templates, damagedRows, rotation, message = 'it is being opened' } = gallery;
  const rotations = rotationFindings(gallery);
  if (state === 'sealed') {
    const { remedy = '' } = gallery;
    const sealed = `SEALED, nobody is identified: ${message}`;
    return { facts: [], findings: [{ check, outcome: 'failed', message: sealed, remedy }, ...rotations] };
  }
  const facts = [
    `gallery: open, ${counted(persons, 'person')}, ${counted(templates, 'template')}, ${counted(damagedRows, 'damaged row')}`,
    ...(rotation === undefined ? [] : [`key: ${describeRotation(withoutProblem(rotation))}`]),
  ];
  if (damagedRows === 0)
    return { facts, findings: [ok(check, `open, ${counted(persons, 'person')}`), ...rotations] };
  const remedy =
    "'rollcall gallery verify' names them; 'rollcall backup restore' brings back what a backup has";
  const damaged = {
    check,
    outcome: 'warning',
    message: counted(damagedRows, 'damaged row'),
    remedy,
  } as const;
  return { facts, findings: [damaged, ...rotations] };
}

function withoutProblem({ problem: _, ...rotation }: RotationStatus): RotationStatus {
  return rotation;
}

/** Topics beside those of events and commands. */
export function refusedTopicFindings({ refusedTopics = [] }: BoxStatus['broker']): readonly Finding[] {
  return refusedTopics.map((topic) => ({
    check: 'topics',
    outcome: 'failed',
    message: `The broker refuses messages of this box on "${topic}".`,
    remedy:
      'Allow this box to use the topic in the access rules of the broker, as config/mosquitto-acl.example does.',
  }));
}

function brokerArea(broker: BoxStatus['broker']): StatusArea {
  const { state, mqttVersion, message, remedy, areCommandsRefused, certificates = [] } = broker;
  const findings: Finding[] = [];
  const stands = mqttVersion === undefined ? state : `${state}, MQTT ${mqttVersion}`;
  if (message !== undefined) {
    const why = remedy === undefined ? {} : { remedy };
    findings.push({ check: 'broker', outcome: 'failed', message: `${state}: ${message}`, ...why });
  } else if (mqttVersion === '3.1.1') {
    const cost = { ...costOfOldMqtt, message: `${stands}: ${costOfOldMqtt.message}` };
    findings.push({ check: 'broker', outcome: 'warning', ...cost });
  } else findings.push(ok('broker', stands));
  findings.push(...refusedTopicFindings(broker));
  if (areCommandsRefused === true) {
    findings.push({
      check: 'commands',
      outcome: 'warning',
      message: 'refused by the broker',
      remedy:
        'let the broker allow this box to read its command topics, as config/mosquitto-acl.example does',
    });
  }
  const inForce = certificates.filter((each) => each.state === 'in force');
  return {
    facts: [
      ...(message === undefined ? [`broker: ${stands}`] : []),
      ...inForce.map((certificate) => `certificate of ${describeCertificate(certificate)}`),
    ],
    findings: [...findings, ...certificates.map(certificateFinding)],
  };
}

/** What has not left the box, and what it waits for. */
function outboxLine({ outbox: { waiting, acknowledgement }, broker }: BoxStatus): string {
  if (broker.state === 'not configured') {
    return `outbox: ${counted(waiting, 'event stays', 'events stay')} on this box, because no broker is configured`;
  }
  if (waiting === 0) return 'outbox: empty';
  const forWhom = acknowledgement === 'centre' ? 'the centre to confirm them' : 'the broker';
  return `outbox: ${counted(waiting, 'event waits', 'events wait')} for ${forWhom}`;
}

function eventsArea(status: BoxStatus, show: ShowTime): StatusArea {
  const { events, intake, outbox } = status;
  const { facts, suppressed, givenUp, waiting, problem } = intake;
  const counts = `events: ${events.recorded} recorded since the start, ${facts} of them about people in front of cameras; cooldowns suppressed ${suppressed} more; ${counted(givenUp, 'sighting')} lost`;
  const findings: Finding[] = [...heldBackFindings(outbox.heldBack, show)];
  if (problem !== undefined) {
    const message = `cannot be recorded, ${counted(waiting, 'sighting waits', 'sightings wait')}: ${problem.message}`;
    findings.push({ check: 'events', outcome: 'failed', message, remedy: problem.remedy });
  }
  return { facts: [counts, outboxLine(status)], findings };
}

function retentionArea(
  { lastRunAt, failures, clockDoubt }: BoxStatus['retention'],
  show: ShowTime,
): StatusArea {
  const check = 'retention';
  const facts = [
    lastRunAt === undefined ? 'retention: no run yet' : `retention: last run ${show(lastRunAt)}`,
  ];
  const findings: Finding[] = [];
  if (clockDoubt !== undefined) {
    const { message, remedy } = clockDoubt;
    findings.push({ check, outcome: 'warning', message: `NOTHING IS DELETED: ${message}`, remedy });
  }
  if (failures > 0) {
    const message = `${counted(failures, 'kind')} of data could not be deleted in the last run`;
    findings.push({ check, outcome: 'failed', message, remedy: "'rollcall retention show' says why" });
  }
  return { facts, findings };
}

/** No facts where there are no rules and nothing is left of those there were. */
function alertsArea({ rules, pending, failed }: BoxStatus['alerts']): StatusArea {
  const facts =
    rules === 0 && pending === 0 && failed === 0
      ? []
      : [`alerts: ${counted(rules, 'rule')}, ${counted(pending, 'delivery', 'deliveries')} waiting`];
  if (failed === 0) return { facts, findings: [] };
  const message = `${counted(failed, 'delivery', 'deliveries')} FAILED, and rollcall does not try again`;
  const remedy = "'rollcall alerts list --state failed' says why; 'rollcall alerts test' tries the channels";
  return { facts, findings: [{ check: 'alerts', outcome: 'warning', message, remedy }] };
}

const eventLoopLine = ({ eventLoop: { p99Ms, maximumMs } }: BoxStatus): string =>
  `event loop delay: p99 ${p99Ms.toFixed(1)} ms, maximum ${maximumMs.toFixed(1)} ms`;

function stream({ stream: found }: CameraStatus): string {
  if (found === undefined) return '-';
  const { codec, widthPx, heightPx, fps } = found;
  return `${codec} ${widthPx}x${heightPx}${fps === null ? '' : ` @ ${fps}`}`;
}

function cameraRows(cameras: readonly CameraStatus[]): string {
  if (cameras.length === 0) return 'No cameras are configured.';
  const counter = (camera: CameraStatus, name: string): string => String(camera.counters[name] ?? '-');
  const rows = cameras.map((camera) => [
    camera.id,
    `${camera.state}${camera.damage === undefined ? '' : ', PICTURES DAMAGED'}${camera.isSwitchedByCentre === true ? ' (switched by a centre)' : ''}`,
    stream(camera),
    counter(camera, 'delivered'),
    counter(camera, 'analysed'),
    counter(camera, 'dropped'),
    counter(camera, 'tracks'),
    counter(camera, 'restarts'),
  ]);
  const heading = ['camera', 'state', 'stream', 'frames', 'analysed', 'dropped', 'tracks', 'restarts'];
  return table(heading, rows);
}

function cameraFindings(cameras: readonly CameraStatus[]): readonly Finding[] {
  return cameras.map(({ id, state, message, remedy, damage }) => {
    const check = `camera ${id}`;
    if (damage !== undefined)
      return { check, outcome: 'failed', message: damage.message, remedy: damage.remedy };
    if (message !== undefined)
      return { check, outcome: 'failed', message, ...(remedy === undefined ? {} : { remedy }) };
    if (state === 'streaming' || state === 'disabled') return ok(check, state);
    const wait = 'wait some seconds; where it stays so, ';
    return {
      check,
      outcome: 'warning',
      message: `${state}: there is no frame yet`,
      remedy: `${wait}'rollcall camera test ${id}' says why`,
    };
  });
}

/** One row a camera: state, stream and what came of its frames; below it what has to be looked at. */
export const cameraTable = (cameras: readonly CameraStatus[], paint: Paint): string =>
  [cameraRows(cameras), ...troubleLines(cameraFindings(cameras), paint)].join('\n');
