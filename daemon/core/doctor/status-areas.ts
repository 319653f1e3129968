import type { CameraStatus } from '../../contract/cameras.js';
import type { ShowTime } from '../../contract/command-line.js';
import type { BoxStatus, VisionStatus } from '../../contract/status.js';
import { brokerNotConfigured } from '../../kernel/broker.js';
import { fewestForEstimate } from '../../kernel/identification/calibration.js';
import { closableGaps } from '../../kernel/isolation.js';
import { type Said, said, saidIn, verbatim } from '../../kernel/said.js';
import { costOfOldMqtt } from '../delivery/broker/version-choice.js';
import { certificateFact, certificateFinding } from './certificate-findings.js';
import { conditionFindings } from './condition-findings.js';
import { rotationFindings } from './doctor-key.js';
import { doctor, durationOf, type Finding, finding, joined, listed, ok, saidOf } from './finding.js';
import { heldBackFindings } from './held-back-text.js';
import { rotationOf } from './rotation-text.js';

/**
 * One area of the daemon's status. `status` shows the facts and the findings that are not ok; `doctor` shows all findings.
 * Both are made here, so that the two commands cannot disagree.
 */
interface StatusArea {
  /** Lines that are always shown. */
  readonly facts: readonly Said[];
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
    { facts: [...analysisFacts(status), ...capacityFacts(status)], findings: [] },
    galleryArea(status.gallery),
    brokerArea(status.broker),
    gateArea(status.gate),
    eventsArea(status, show),
    { facts: [], findings: promptFindings(status, show) },
    retentionArea(status.retention, show),
    alertsArea(status.alerts),
    { facts: [eventLoopFact(status)], findings: [] },
  ];
}

export const statusFindings = (status: BoxStatus, show: ShowTime): readonly Finding[] => [
  ...statusAreas(status, show).flatMap(({ findings }) => findings),
  ...cameraFindings(status.cameras),
];

/** Empty if the daemon runs with the configuration in the file. */
function reloadFindings({ lastReload }: BoxStatus, show: ShowTime): readonly Finding[] {
  const check = doctor('check-configuration');
  if (lastReload?.outcome === 'refused') {
    const problems = lastReload.problems.map((problem) => `\n  ${problem}`).join('');
    const message = doctor('reload-refused', { time: show(lastReload.at), problems });
    return [finding(check, 'failed', { message, remedy: doctor('remedy-reload-refused') })];
  }
  if (lastReload?.outcome === 'applied' && lastReload.needRestart.length > 0) {
    const message = doctor('reload-waits', { changes: lastReload.needRestart.join(', ') });
    return [finding(check, 'warning', { message, remedy: doctor('remedy-reload-waits') })];
  }
  return [];
}

/** Nothing for a daemon of an older version. */
function clockArea({ isSynchronised, lastJump }: BoxStatus['clock'] = {}, show: ShowTime): StatusArea {
  const check = doctor('check-clock');
  const findings: Finding[] = [];
  const remedy = doctor('remedy-clock');
  if (isSynchronised === false)
    findings.push(finding(check, 'warning', { message: doctor('clock-free'), remedy }));
  if (lastJump !== undefined) {
    const { at, byS } = lastJump;
    const jump = { amount: durationOf(Math.abs(byS)), time: show(at) };
    const message = doctor(byS < 0 ? 'clock-set-back' : 'clock-set-ahead', jump);
    findings.push(finding(check, 'warning', { message, remedy }));
  }
  if (isSynchronised === true && findings.length === 0) findings.push(ok(check, doctor('clock-controlled')));
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
  const check = doctor('check-recogniser');
  const findings: Finding[] = [...thresholdFindings(recogniser)];
  const isLesser = reason !== 'configured' && lesserRecognisers.has(name);
  const names = { name, preferred: preferred.name };
  if (isLesser && preferred.state === 'absent') {
    const message = doctor('recogniser-lesser', names);
    const remedy = doctor(reason === 'gallery' ? 'remedy-recogniser-gallery' : 'remedy-recogniser', names);
    findings.push(finding(check, 'warning', { message, remedy }));
    return { facts: [doctor('fact-recogniser', { what: name })], findings };
  }
  const runs = reason === 'default' ? verbatim(name) : doctor(recogniserReasons[reason], { name });
  const text = isLesser ? doctor('recogniser-better', { ...names, runs }) : runs;
  return { facts: [doctor('fact-recogniser', { what: text })], findings: [ok(check, text), ...findings] };
}

const recogniserReasons = { configured: 'as-configured', gallery: 'of-gallery' } as const;

/** Warns of a threshold that was probably made for another recogniser. */
function thresholdFindings({
  name,
  configuredThreshold,
  ownThreshold,
}: NonNullable<BoxStatus['recogniser']>): readonly Finding[] {
  if (configuredThreshold === undefined || ownThreshold === undefined) return [];
  if (Math.abs(configuredThreshold - ownThreshold) <= plausibleShift) return [];
  const values = { name, configured: String(configuredThreshold), own: String(ownThreshold) };
  const texts = { message: doctor('threshold', values), remedy: doctor('remedy-threshold', values) };
  return [finding(doctor('check-threshold'), 'warning', texts)];
}

function visionArea(vision: VisionStatus): StatusArea {
  const { index, state, provider, lastFailure } = vision;
  const check = doctor('check-vision', { index });
  const facts = [doctor('fact-vision', { index, what: listed(partsOfVision(vision)) })];
  if (state !== 'running') {
    if (lastFailure === undefined) {
      const loading = { message: doctor('vision-loading'), remedy: doctor('remedy-vision-loading') };
      return { facts, findings: [finding(check, 'warning', loading)] };
    }
    const message = doctor('with-reason', { what: doctor(`vision-${state}`), why: lastFailure });
    return { facts, findings: [finding(check, 'failed', { message, remedy: doctor('remedy-vision') })] };
  }
  if (provider?.warning === undefined) {
    const runs = doctor('vision-provider', { provider: provider?.actual ?? 'unknown' });
    return { facts, findings: [ok(check, runs)] };
  }
  const message = doctor('vision-without-gpu', { provider: provider.actual, why: provider.warning });
  const remedy = doctor('remedy-vision-without-gpu');
  return { facts, findings: [finding(check, 'warning', { message, remedy })] };
}

/** Nothing for a daemon of an older version. */
function isolationArea(isolation: BoxStatus['isolation']): StatusArea {
  if (isolation === undefined) return { facts: [], findings: [] };
  const { level, gaps, why } = isolation;
  const check = doctor('check-isolation');
  if (level === 'none') {
    const exposed = doctor('isolation-none', { can: doctor('gap-rights') });
    const message =
      why === undefined ? exposed : doctor('with-reason', { what: exposed, why: saidIn(why, 'reason') });
    const remedy = why && saidIn(why, 'remedy');
    return { facts: [], findings: [finding(check, 'warning', { message, remedy })] };
  }
  const open = gaps.map((gap) => doctor(`gap-${gap}`));
  const text = open.length === 0 ? verbatim(level) : doctor('isolation-open', { level, can: listed(open) });
  // The units leave none of these. A sandbox cannot close them.
  if (level === 'full' && closableGaps({ gaps }).length > 0) {
    const remedy = said('conditions/remedy-isolation-weakened');
    return { facts: [], findings: [finding(check, 'warning', { message: text, remedy })] };
  }
  return { facts: [doctor('fact-isolation', { what: text })], findings: [ok(check, text)] };
}

/** State, hardware, restarts, and the last failure, as far as they are known. */
function partsOfVision(vision: VisionStatus): readonly Said[] {
  const { state, provider, recogniser, ffmpegVersion, restarts, lastFailure, refused = {} } = vision;
  // `3 (time), 21 (camera)`: the kinds are those of the metrics.
  const kinds = Object.entries(refused).map(([why, count]) => `${count} (${why})`);
  return [
    doctor(`vision-${state}`),
    ...(provider === undefined
      ? []
      : [
          doctor('fact-provider', {
            ...{ actual: provider.actual, requested: provider.requested },
            ...{ recogniser: String(recogniser), version: String(ffmpegVersion) },
          }),
        ]),
    doctor('fact-restarts', { count: restarts }),
    ...(lastFailure === undefined ? [] : [doctor('fact-last-failure', { why: lastFailure })]),
    ...(kinds.length === 0 ? [] : [doctor('fact-refused-reports', { kinds: kinds.join(', ') })]),
  ];
}

function galleryArea(gallery: BoxStatus['gallery']): StatusArea {
  const check = doctor('check-gallery');
  const { state, persons, templates, damagedRows, expected, rotation } = gallery;
  const rotations = rotationFindings(gallery);
  if (state === 'sealed') {
    const { message: why, remedy } = saidOf({ message: 'opening', ...gallery });
    const message = doctor('gallery-sealed', { why });
    return { facts: [], findings: [finding(check, 'failed', { message, remedy }), ...rotations] };
  }
  const errors = expected && expectedOf(expected);
  const facts = [
    doctor('fact-gallery', { persons, templates, damaged: damagedRows }),
    ...(rotation === undefined ? [] : [doctor('fact-key', { rotation: rotationOf(rotation) })]),
    ...(errors === undefined ? [] : [doctor('fact-expected-errors', { errors })]),
  ];
  const found =
    damagedRows === 0
      ? ok(check, doctor('gallery-open', { persons }))
      : finding(check, 'warning', {
          message: doctor('gallery-damaged', { rows: damagedRows }),
          remedy: doctor('remedy-gallery-damaged'),
        });
  const wanted = errors === undefined ? [] : [ok(doctor('check-expected-errors'), errors)];
  return { facts, findings: [found, ...wanted, ...rotations] };
}

type ExpectedErrors = NonNullable<BoxStatus['gallery']['expected']>;

/** What the box expects at the thresholds in force. */
function expectedOf({ targetFpir, fpir, fnir, alikePairs }: ExpectedErrors): Said {
  const percent = (share: number): number => Number((100 * share).toPrecision(2));
  const fewest = { persons: fewestForEstimate };
  const target = targetFpir === undefined ? undefined : percent(targetFpir);
  const recognised =
    fpir === undefined
      ? doctor(target === undefined ? 'fpir-unknown' : 'fpir-unknown-raised', fewest)
      : target === undefined
        ? doctor('fpir-without-target', { percent: percent(fpir) })
        : doctor('fpir', { percent: percent(fpir), target });
  const missed = fnir === undefined ? doctor('fnir-unknown') : doctor('fnir', { percent: percent(fnir) });
  const alike = alikePairs === 0 ? [] : [doctor('alike-pairs', { pairs: alikePairs })];
  return joined([recognised, missed, ...alike]);
}

/** Refused topics other than those of events and commands. */
export function refusedTopicFindings({ refusedTopics = [] }: BoxStatus['broker']): readonly Finding[] {
  return refusedTopics.map((topic) =>
    finding(doctor('check-topics'), 'failed', {
      message: doctor('topic-refused', { topic }),
      remedy: doctor('remedy-topic-refused'),
    }),
  );
}

function brokerArea(broker: BoxStatus['broker']): StatusArea {
  const { state, mqttVersion, message, areCommandsRefused, certificates = [] } = broker;
  const findings: Finding[] = [];
  const check = doctor('check-broker');
  const stands = doctor(`broker-${state.replaceAll(' ', '-')}`);
  const connection =
    mqttVersion === undefined ? stands : doctor('broker-version', { state: stands, version: mqttVersion });
  if (message !== undefined) {
    const { message: why, remedy } = saidOf(broker);
    const failure = doctor('with-reason', { what: stands, why });
    findings.push(finding(check, 'failed', { message: failure, remedy }));
  } else if (mqttVersion === '3.1.1') {
    const { message: why, remedy } = costOfOldMqtt.says;
    const cost = doctor('with-reason', { what: connection, why });
    findings.push(finding(check, 'warning', { message: cost, remedy }));
  } else findings.push(ok(check, connection));
  findings.push(...refusedTopicFindings(broker));
  if (areCommandsRefused === true)
    findings.push(
      finding(doctor('check-commands'), 'warning', {
        message: doctor('commands-refused'),
        remedy: doctor('remedy-commands-refused'),
      }),
    );
  const inForce = certificates.filter((each) => each.state === 'in force');
  return {
    facts: [
      ...(message === undefined ? [doctor('fact-broker', { connection })] : []),
      ...inForce.map(certificateFact),
    ],
    findings: [...findings, ...certificates.map(certificateFinding)],
  };
}

/** Nothing where the gate is disabled. */
function gateArea({ certificate, problem }: NonNullable<BoxStatus['gate']> = {}): StatusArea {
  const findings: Finding[] = [];
  if (problem !== undefined) {
    const { message: why, remedy } = saidOf(problem);
    const key = certificate?.isMadeByBox === true ? 'gate-certificate-own' : 'gate-certificate-last';
    findings.push(finding(doctor('check-gate'), 'failed', { message: doctor(key, { why }), remedy }));
  }
  if (certificate === undefined) return { facts: [], findings };
  const fact = doctor(`fact-gate-certificate-${certificate.isMadeByBox ? 'own' : 'configured'}`, {
    certificate: certificateFact(certificate),
    fingerprint: certificate.fingerprint,
  });
  return {
    facts: certificate.state === 'in force' ? [fact] : [],
    findings: [...findings, certificateFinding(certificate)],
  };
}

/** How many events have not left the box, and what they wait for. */
function outboxFact({ outbox: { waiting: count, acknowledgement }, broker }: BoxStatus): Said {
  if (broker.state === brokerNotConfigured) return doctor('fact-outbox-stays', { count });
  return count === 0
    ? doctor('fact-outbox-empty')
    : doctor(`fact-outbox-waits-${acknowledgement}`, { count });
}

function passagesFact({ passages: { count, byOutcome } }: BoxStatus): Said {
  const outcomes = Object.entries(byOutcome).map(([outcome, each]) =>
    doctor('some', { count: each, what: said(`passages/outcome-${outcome}`) }),
  );
  return outcomes.length === 0
    ? doctor('fact-passages-none')
    : doctor('fact-passages', { count, outcomes: listed(outcomes) });
}

function eventsArea(status: BoxStatus, show: ShowTime): StatusArea {
  const { events, intake, outbox } = status;
  const { facts, suppressed, givenUp, waiting, problem } = intake;
  const counts = { recorded: events.recorded, facts, suppressed, lost: givenUp };
  const findings: Finding[] = [...heldBackFindings(outbox.heldBack, show)];
  if (problem !== undefined) {
    const { message: why, remedy } = saidOf(problem);
    const message = doctor('events-waiting', { waiting, why });
    findings.push(finding(doctor('check-events'), 'failed', { message, remedy }));
  }
  return { facts: [passagesFact(status), doctor('fact-events', counts), outboxFact(status)], findings };
}

/** Nothing where no camera asks for a challenge. */
function promptFindings({ prompts = [] }: BoxStatus, show: ShowTime): readonly Finding[] {
  return prompts.map(({ camera, at, ...problem }) => {
    const { message: why, remedy } = saidOf(problem);
    const message = doctor('prompt-not-shown', { camera, time: show(at), why });
    return finding(doctor('check-prompts'), 'failed', { message, remedy });
  });
}

function retentionArea(
  { lastRunAt, failures, clockDoubt }: BoxStatus['retention'],
  show: ShowTime,
): StatusArea {
  const check = doctor('check-retention');
  const facts = [
    lastRunAt === undefined
      ? doctor('fact-retention-never')
      : doctor('fact-retention', { time: show(lastRunAt) }),
  ];
  const findings: Finding[] = [];
  if (clockDoubt !== undefined) {
    const { message: why, remedy } = saidOf(clockDoubt);
    findings.push(finding(check, 'warning', { message: doctor('nothing-deleted', { why }), remedy }));
  }
  if (failures > 0) {
    const texts = {
      message: doctor('retention-failed', { kinds: failures }),
      remedy: doctor('remedy-retention-failed'),
    };
    findings.push(finding(check, 'failed', texts));
  }
  return { facts, findings };
}

/** No facts if there are no rules and no open deliveries. */
function alertsArea({ rules, pending, failed }: BoxStatus['alerts']): StatusArea {
  const facts =
    rules === 0 && pending === 0 && failed === 0 ? [] : [doctor('fact-alerts', { rules, pending })];
  if (failed === 0) return { facts, findings: [] };
  const texts = { message: doctor('alerts-failed', { failed }), remedy: doctor('remedy-alerts-failed') };
  return { facts, findings: [finding(doctor('check-alerts'), 'warning', texts)] };
}

/** None while no frame is due, and for a daemon of an older version. */
function analysisFacts({ analysis }: BoxStatus): readonly Said[] {
  if (analysis === undefined || analysis.dueFps === 0) return [];
  return [doctor('fact-analysis', { analysed: analysis.analysedFps, due: analysis.dueFps })];
}

/** None in the first minute, and without a camera that streams. */
function capacityFacts({ capacity }: BoxStatus): readonly Said[] {
  if (capacity === undefined) return [];
  const { cores, busyCores: busy, coresPerCamera: each, moreCameras: cameras } = capacity;
  const room = cameras === 0 ? doctor('room-none') : doctor('room', { cameras });
  // Why no more cameras fit, or what would run out first.
  const limit = doctor(`limit-${capacity.limit}`);
  return [doctor('fact-capacity', { busy, cores, each, room, limit })];
}

const eventLoopFact = ({ eventLoop: { p99Ms, maximumMs } }: BoxStatus): Said =>
  doctor('fact-event-loop', { p99: p99Ms, maximum: maximumMs });

/** Without the main stream, most faces are too small. Without the substream, the camera only costs more. */
function lossFinding(check: Said, lost: NonNullable<CameraStatus['lostStream']>): Finding {
  const { message: why, remedy } = saidOf(lost);
  const isMain = lost.which === 'main';
  const message = doctor(isMain ? 'main-stream-lost' : 'substream-lost', { why });
  return finding(check, isMain ? 'failed' : 'warning', { message, remedy });
}

export function cameraFindings(cameras: readonly CameraStatus[]): readonly Finding[] {
  return cameras.map((camera) => {
    const { id, state, damage, lostStream, stream } = camera;
    const check = doctor('check-camera', { id });
    if (damage !== undefined) return finding(check, 'failed', saidOf(damage));
    if (camera.message !== undefined) return finding(check, 'failed', saidOf(camera));
    if (lostStream !== undefined) return lossFinding(check, lostStream);
    if (stream?.fallback !== undefined) return finding(check, 'warning', saidOf(stream.fallback));
    if (state === 'streaming' || state === 'disabled') return ok(check, doctor(`camera-${state}`));
    return finding(check, 'warning', {
      message: doctor('camera-without-frames', { state: doctor(`camera-${state}`) }),
      remedy: doctor('remedy-camera-without-frames', { id }),
    });
  });
}
