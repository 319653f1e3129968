import type { CameraStatus } from '../../contract/cameras.js';
import type { ShowTime } from '../../contract/command-line.js';
import type { KeyRotation } from '../../contract/keys.js';
import type { BoxStatus, IsolationStatus, VisionStatus } from '../../contract/status.js';
import { brokerNotConfigured } from '../../kernel/broker.js';
import { counted, durationText } from '../../kernel/counted.js';
import { fewestForEstimate } from '../../kernel/identification/calibration.js';
import { present } from '../../kernel/present.js';
import { costOfOldMqtt } from '../delivery/broker/version-choice.js';
import { certificateFinding, describeCertificate } from './certificate-findings.js';
import { conditionFindings } from './condition-findings.js';
import { rotationFindings } from './doctor-key.js';
import { type Finding, ok } from './finding.js';
import { heldBackFindings } from './held-back-text.js';
import { describeRotation } from './rotation-text.js';

/**
 * One area of the daemon's status. `status` shows the facts and the findings that are not ok; `doctor` shows all findings.
 * Both are made here, so that the two commands cannot disagree.
 */
interface StatusArea {
  /** Lines that are always shown. */
  readonly facts: readonly string[];
  readonly findings: readonly Finding[];
}

/** All but the cameras, in the order in which `status` shows them. */
export function statusAreas(status: BoxStatus, show: ShowTime): readonly StatusArea[] {
  return [
    { facts: [], findings: [...reloadFindings(status, show), ...conditionFindings(status)] },
    clockArea(status.clock, show),
    recogniserArea(status.recogniser),
    ...status.vision.map(visionArea),
    isolationArea(status.isolation),
    { facts: [...analysisLines(status), ...capacityLines(status)], findings: [] },
    galleryArea(status.gallery),
    brokerArea(status.broker),
    gateArea(status.gate),
    eventsArea(status, show),
    { facts: [], findings: promptFindings(status, show) },
    retentionArea(status.retention, show),
    alertsArea(status.alerts),
    { facts: [eventLoopLine(status)], findings: [] },
  ];
}

export const statusFindings = (status: BoxStatus, show: ShowTime): readonly Finding[] => [
  ...statusAreas(status, show).flatMap(({ findings }) => findings),
  ...cameraFindings(status.cameras),
];

/** Empty if the daemon runs with the configuration in the file. */
function reloadFindings({ lastReload }: BoxStatus, show: ShowTime): readonly Finding[] {
  const check = 'configuration';
  if (lastReload?.outcome === 'refused') {
    const problems = lastReload.problems.map((problem) => `\n  ${problem}`).join('');
    const message = `the daemon refused the configuration at ${show(lastReload.at)} and runs with the earlier one:${problems}`;
    const remedy = "Correct the file, then reload: 'systemctl reload rollcalld'.";
    return [{ check, outcome: 'failed', message, remedy }];
  }
  if (lastReload?.outcome === 'applied' && lastReload.needRestart.length > 0) {
    const message = `these changes wait for a restart: ${lastReload.needRestart.join(', ')}`;
    return [
      { check, outcome: 'warning', message, remedy: "Restart the daemon: 'systemctl restart rollcalld'." },
    ];
  }
  return [];
}

/** Nothing for a daemon of an older version. */
function clockArea({ isSynchronised, lastJump }: BoxStatus['clock'] = {}, show: ShowTime): StatusArea {
  const check = 'clock';
  const findings: Finding[] = [];
  const remedy =
    "Let a time server control the clock: 'timedatectl set-ntp true', with systemd-timesyncd or chrony installed; 'timedatectl' shows whether it does.";
  if (isSynchronised === false) {
    const message =
      'no time server controls the clock of this machine; wrong times go into events and attendance';
    findings.push({ check, outcome: 'warning', message, remedy });
  }
  if (lastJump !== undefined) {
    const { at, byS } = lastJump;
    const amount = `${durationText(Math.abs(byS))} ${byS < 0 ? 'back' : 'ahead'}`;
    const message = `the clock was set ${amount} at ${show(at)}; compare times before and after with care`;
    findings.push({ check, outcome: 'warning', message, remedy });
  }
  if (isSynchronised === true && findings.length === 0) findings.push(ok(check, 'a time server controls it'));
  return { facts: [], findings };
}

/** Largest plausible distance of a configured threshold from the operating point. No measured site needed more. */
const plausibleShift = 0.2;
/** Recognisers that make more errors than the preferred one (docs/measurements/accuracy.md). */
const lesserRecognisers: ReadonlySet<string> = new Set(['dlib-resnet', 'faceres']);

/** Empty if the daemon is of an older release. */
function recogniserArea(recogniser: BoxStatus['recogniser']): StatusArea {
  if (recogniser === undefined) return { facts: [], findings: [] };
  const { name, reason, preferred } = recogniser;
  const check = 'recogniser';
  const findings: Finding[] = [...thresholdFindings(recogniser)];
  const isLesser = reason !== 'configured' && lesserRecognisers.has(name);
  if (isLesser && preferred.state === 'absent') {
    const message = `${name} is in use because ${preferred.name}, which makes far fewer errors, is not on this machine`;
    const move = reason === 'gallery' ? `, then run 'rollcall gallery re-embed --to ${preferred.name}'` : '';
    const remedy = `Run 'rollcall models build' with access to the npm registry, restart rollcalld${move}.`;
    findings.push({ check, outcome: 'warning', message, remedy });
    return { facts: [`recogniser: ${name}`], findings };
  }
  const why = { configured: ', as configured', gallery: ', with which this gallery was made', default: '' }[
    reason
  ];
  const better = isLesser
    ? `; ${preferred.name} makes far fewer errors: 'rollcall gallery re-embed --to ${preferred.name}' moves the gallery to it`
    : '';
  const text = `${name}${why}${better}`;
  return { facts: [`recogniser: ${text}`], findings: [ok(check, text), ...findings] };
}

/** Warns of a threshold that was probably made for another recogniser. */
function thresholdFindings({
  name,
  configuredThreshold,
  ownThreshold,
}: NonNullable<BoxStatus['recogniser']>): readonly Finding[] {
  if (configuredThreshold === undefined || ownThreshold === undefined) return [];
  if (Math.abs(configuredThreshold - ownThreshold) <= plausibleShift) return [];
  const message = `identification.threshold is ${configuredThreshold}, but the operating point of ${name} is ${ownThreshold}; the threshold may belong to another recogniser`;
  const remedy = `Remove identification.threshold and identification.margin from the configuration, or set both for ${name}.`;
  return [{ check: 'threshold', outcome: 'warning', message, remedy }];
}

/** A vision process of the installed service has a unit of its own, and so has what systemd says about its end. */
const visionLog = `'journalctl -u rollcalld -u "rollcall-vision-*"'`;

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
      const remedy = `Wait a minute; if this stays, read the log: ${visionLog}.`;
      const loading = { check, outcome: 'warning', message: 'is loading its models', remedy } as const;
      return { facts, findings: [loading] };
    }
    const message = `${state}: ${lastFailure}`;
    const remedy = `Read the log: ${visionLog}.`;
    return { facts, findings: [{ check, outcome: 'failed', message, remedy }] };
  }
  if (provider?.warning === undefined)
    return { facts, findings: [ok(check, `running on ${provider?.actual ?? 'unknown'}`)] };
  const message = `running on ${provider.actual}, not on the GPU: ${provider.warning}`;
  const remedy =
    'Install the GPU driver with its Vulkan packages and give the daemon access to the GPU device files (systemd/README.md names both), then restart rollcalld; or set vision.provider to cpu.';
  return { facts, findings: [{ check, outcome: 'warning', message, remedy }] };
}

/** What a vision process that was taken over can still do. */
const gapTexts: Readonly<Record<IsolationStatus['gaps'][number], string>> = {
  rights: 'do everything that the user of the daemon may do, such as read keys',
  network: 'reach other addresses than those of its cameras',
  memory: 'fill the memory',
  disk: 'fill the disk of the folder for live frames',
};

/** Nothing for a daemon of an older version. */
function isolationArea(isolation: BoxStatus['isolation']): StatusArea {
  if (isolation === undefined) return { facts: [], findings: [] };
  const { level, gaps, why } = isolation;
  const check = 'isolation';
  if (level === 'none') {
    const reason = why === undefined ? '' : `: ${why.reason}`;
    const message = `none; a crafted photo or video stream that takes over a vision process can ${gapTexts.rights}${reason}`;
    return {
      facts: [],
      findings: [{ check, outcome: 'warning', message, ...present({ remedy: why?.remedy }) }],
    };
  }
  const open =
    gaps.length === 0 ? '' : `; a vision process could still ${gaps.map((gap) => gapTexts[gap]).join(', ')}`;
  return { facts: [`isolation: ${level}${open}`], findings: [ok(check, `${level}${open}`)] };
}

/** `, refused reports: 3 (time), 21 (camera)`. */
function refusedText({ refused = {} }: VisionStatus): string {
  const kinds = Object.entries(refused).map(([why, count]) => `${count} (${why})`);
  return kinds.length === 0 ? '' : `, refused reports: ${kinds.join(', ')}`;
}

function galleryArea(gallery: BoxStatus['gallery']): StatusArea {
  const check = 'gallery';
  const { state, persons, templates, damagedRows, expected, rotation, message = 'opening' } = gallery;
  const rotations = rotationFindings(gallery);
  if (state === 'sealed') {
    const { remedy = '' } = gallery;
    const sealed = `SEALED, no person is recognised: ${message}`;
    return { facts: [], findings: [{ check, outcome: 'failed', message: sealed, remedy }, ...rotations] };
  }
  const facts = [
    `gallery: open, ${counted(persons, 'person')}, ${counted(templates, 'template')}, ${counted(damagedRows, 'damaged row')}`,
    ...(rotation === undefined ? [] : [`key: ${describeRotation(withoutProblem(rotation))}`]),
    ...(expected === undefined ? [] : [`expected errors: ${expectedText(expected)}`]),
  ];
  const errors = expected === undefined ? [] : [ok('expected errors', expectedText(expected))];
  if (damagedRows === 0)
    return { facts, findings: [ok(check, `open, ${counted(persons, 'person')}`), ...errors, ...rotations] };
  const remedy =
    "Run 'rollcall gallery verify' to list them; 'rollcall backup restore' replaces the whole gallery with a backup.";
  const damaged = {
    check,
    outcome: 'warning',
    message: counted(damagedRows, 'damaged row'),
    remedy,
  } as const;
  return { facts, findings: [damaged, ...errors, ...rotations] };
}

type ExpectedErrors = NonNullable<BoxStatus['gallery']['expected']>;

/** What the box expects at the thresholds in force. */
function expectedText({ targetFpir, fpir, fnir, alikePairs }: ExpectedErrors): string {
  const percent = (share: number): string => `${Number((100 * share).toPrecision(2))} %`;
  const wanted = targetFpir === undefined ? ', no target' : `, at most ${percent(targetFpir)} wanted`;
  const caution =
    targetFpir === undefined ? '' : '; until then thresholds are raised by the margin to be safe';
  return [
    fpir === undefined
      ? `unknown people recognised as a person (FPIR): unknown with fewer than ${fewestForEstimate} persons${caution}`
      : `${percent(fpir)} of unknown people recognised as a person (FPIR${wanted})`,
    fnir === undefined
      ? 'persons missed (FNIR): unknown, as nobody has two photos'
      : `${percent(fnir)} of the passages of enrolled persons missed (FNIR; higher at the cameras)`,
    ...(alikePairs === 0
      ? []
      : [
          `${counted(alikePairs, 'pair')} of persons look alike to this box ('rollcall gallery calibrate' names them)`,
        ]),
  ].join('; ');
}

function withoutProblem({ problem: _, ...rotation }: KeyRotation): KeyRotation {
  return rotation;
}

/** Refused topics other than those of events and commands. */
export function refusedTopicFindings({ refusedTopics = [] }: BoxStatus['broker']): readonly Finding[] {
  return refusedTopics.map((topic) => ({
    check: 'topics',
    outcome: 'failed',
    message: `the broker refuses messages of this box on "${topic}"`,
    remedy:
      'Allow this box to use the topic in the access rules of the broker, as config/mosquitto-acl.example does.',
  }));
}

function brokerArea(broker: BoxStatus['broker']): StatusArea {
  const { state, mqttVersion, message, remedy, areCommandsRefused, certificates = [] } = broker;
  const findings: Finding[] = [];
  const connection = mqttVersion === undefined ? state : `${state}, MQTT ${mqttVersion}`;
  if (message !== undefined) {
    const failure = { message: `${state}: ${message}`, ...present({ remedy }) };
    findings.push({ check: 'broker', outcome: 'failed', ...failure });
  } else if (mqttVersion === '3.1.1') {
    const cost = { ...costOfOldMqtt, message: `${connection}: ${costOfOldMqtt.message}` };
    findings.push({ check: 'broker', outcome: 'warning', ...cost });
  } else findings.push(ok('broker', connection));
  findings.push(...refusedTopicFindings(broker));
  if (areCommandsRefused === true) {
    findings.push({
      check: 'commands',
      outcome: 'warning',
      message: 'the broker does not let this box read its command topics',
      remedy: 'Allow these topics in the access rules of the broker, as config/mosquitto-acl.example does.',
    });
  }
  const inForce = certificates.filter((each) => each.state === 'in force');
  return {
    facts: [
      ...(message === undefined ? [`broker: ${connection}`] : []),
      ...inForce.map((certificate) => `certificate of ${describeCertificate(certificate)}`),
    ],
    findings: [...findings, ...certificates.map(certificateFinding)],
  };
}

/** Nothing where the gate is disabled. */
function gateArea({ certificate, problem }: NonNullable<BoxStatus['gate']> = {}): StatusArea {
  const findings: Finding[] = [];
  if (problem !== undefined) {
    const inUse = certificate?.isMadeByBox === true ? 'the one that the box made' : 'the last usable one';
    const message = `the certificate that gate.certificate names is not in use, ${inUse} is: ${problem.message}`;
    findings.push({ check: 'gate', outcome: 'failed', message, remedy: problem.remedy });
  }
  if (certificate === undefined) return { facts: [], findings };
  const whose = certificate.isMadeByBox ? 'made by the box' : 'as configured';
  const fact = `certificate of ${describeCertificate(certificate)}, ${whose}, SHA-256 ${certificate.fingerprint}`;
  return {
    facts: certificate.state === 'in force' ? [fact] : [],
    findings: [...findings, certificateFinding(certificate)],
  };
}

/** How many events have not left the box, and what they wait for. */
function outboxLine({ outbox: { waiting, acknowledgement }, broker }: BoxStatus): string {
  if (broker.state === brokerNotConfigured) {
    return `outbox: ${counted(waiting, 'event stays', 'events stay')} on this box because no broker is configured`;
  }
  if (waiting === 0) return 'outbox: empty';
  const waitsFor = acknowledgement === 'centre' ? 'confirmation by the centre' : 'the broker';
  return `outbox: ${counted(waiting, 'event waits', 'events wait')} for ${waitsFor}`;
}

function passagesLine({ passages: { count, byOutcome } }: BoxStatus): string {
  const outcomes = Object.entries(byOutcome).map(([outcome, each]) => `${each} ${outcome}`);
  return `passages of the last 24 hours: ${count}${count === 0 ? '' : ` (${outcomes.join(', ')})`}`;
}

function eventsArea(status: BoxStatus, show: ShowTime): StatusArea {
  const { events, intake, outbox } = status;
  const { facts, suppressed, givenUp, waiting, problem } = intake;
  const counts = `events: ${events.recorded} recorded since the start, ${facts} of them about people at cameras; ${suppressed} more suppressed by cooldowns; ${counted(givenUp, 'sighting')} lost`;
  const findings: Finding[] = [...heldBackFindings(outbox.heldBack, show)];
  if (problem !== undefined) {
    const message = `cannot be recorded, ${counted(waiting, 'sighting waits', 'sightings wait')}: ${problem.message}`;
    findings.push({ check: 'events', outcome: 'failed', message, remedy: problem.remedy });
  }
  return { facts: [passagesLine(status), counts, outboxLine(status)], findings };
}

/** Nothing where no camera asks for a challenge. */
function promptFindings({ prompts = [] }: BoxStatus, show: ShowTime): readonly Finding[] {
  return prompts.map(({ camera, at, message: reason, remedy }) => ({
    check: 'prompts',
    outcome: 'failed',
    message: `no person can pass a challenge at camera "${camera}", because its prompt of ${show(at)} was not shown: ${reason}`,
    remedy,
  }));
}

function retentionArea(
  { lastRunAt, failures, clockDoubt }: BoxStatus['retention'],
  show: ShowTime,
): StatusArea {
  const check = 'retention';
  const facts = [
    lastRunAt === undefined ? 'retention: has not run yet' : `retention: last run ${show(lastRunAt)}`,
  ];
  const findings: Finding[] = [];
  if (clockDoubt !== undefined) {
    const { message, remedy } = clockDoubt;
    findings.push({ check, outcome: 'warning', message: `NOTHING IS DELETED: ${message}`, remedy });
  }
  if (failures > 0) {
    const message = `the last run could not delete ${counted(failures, 'kind')} of data`;
    findings.push({ check, outcome: 'failed', message, remedy: "Run 'rollcall retention show' to see why." });
  }
  return { facts, findings };
}

/** No facts if there are no rules and no open deliveries. */
function alertsArea({ rules, pending, failed }: BoxStatus['alerts']): StatusArea {
  const facts =
    rules === 0 && pending === 0 && failed === 0
      ? []
      : [`alerts: ${counted(rules, 'rule')}, ${counted(pending, 'delivery', 'deliveries')} waiting`];
  if (failed === 0) return { facts, findings: [] };
  const message = `${counted(failed, 'delivery', 'deliveries')} FAILED; rollcall does not try again`;
  const remedy =
    "Run 'rollcall alerts list --state failed' to see why, and 'rollcall alerts test' to test the channels.";
  return { facts, findings: [{ check: 'alerts', outcome: 'warning', message, remedy }] };
}

/** None while no frame is due, and for a daemon of an older version. */
function analysisLines({ analysis }: BoxStatus): readonly string[] {
  if (analysis === undefined || analysis.dueFps === 0) return [];
  const { analysedFps, dueFps } = analysis;
  return [`analysis: ${analysedFps.toFixed(0)} of ${dueFps.toFixed(0)} due frames per second`];
}

/** Why no more cameras fit, or what would run out first. */
const limitTexts: Readonly<Record<NonNullable<BoxStatus['capacity']>['limit'], string>> = {
  processor: 'the processor is the limit',
  threads: 'vision.threads is the limit',
  memory: 'the memory is the limit',
  overloaded: 'it loses frames now',
};

/** None in the first minute, and without a camera that streams. */
function capacityLines({ capacity }: BoxStatus): readonly string[] {
  if (capacity === undefined) return [];
  const { cores, busyCores, coresPerCamera, moreCameras, limit } = capacity;
  const room =
    moreCameras === 0
      ? 'no room for another camera like these'
      : `room for about ${counted(moreCameras, 'more camera', 'more cameras')} like these`;
  return [
    `capacity: ${busyCores.toFixed(1)} of ${cores} cores busy, up to ${coresPerCamera.toFixed(2)} per camera; ${room} (${limitTexts[limit]})`,
  ];
}

const eventLoopLine = ({ eventLoop: { p99Ms, maximumMs } }: BoxStatus): string =>
  `event loop delay: p99 ${p99Ms.toFixed(1)} ms, maximum ${maximumMs.toFixed(1)} ms`;

/** Without the main stream, most faces are too small. Without the substream, the camera only costs more. */
function lossFinding(check: string, lost: NonNullable<CameraStatus['lostStream']>): Finding {
  const { which, message, remedy } = lost;
  return which === 'main'
    ? { check, outcome: 'failed', message: `main stream, replaced by the substream: ${message}`, remedy }
    : {
        check,
        outcome: 'warning',
        message: `substream, so the main stream is decoded all the time: ${message}`,
        remedy,
      };
}

export function cameraFindings(cameras: readonly CameraStatus[]): readonly Finding[] {
  return cameras.map(({ id, state, message, remedy, damage, lostStream, stream }) => {
    const check = `camera ${id}`;
    if (damage !== undefined)
      return { check, outcome: 'failed', message: damage.message, remedy: damage.remedy };
    if (message !== undefined) return { check, outcome: 'failed', message, ...present({ remedy }) };
    if (lostStream !== undefined) return lossFinding(check, lostStream);
    if (stream?.fallback !== undefined)
      return { check, outcome: 'warning', message: stream.fallback.message, remedy: stream.fallback.remedy };
    if (state === 'streaming' || state === 'disabled') return ok(check, state);
    return {
      check,
      outcome: 'warning',
      message: `${state}: no frame yet`,
      remedy: `Wait a few seconds; if this stays, run 'rollcall camera test ${id}'.`,
    };
  });
}
