import type { HostReport } from '../../contract/host.js';
import { limitedTo } from '../../contract/settings/limited-config.js';
import { loadConfig, loadSite } from '../../contract/settings/load.js';
import { formatProblem } from '../../contract/settings/problem.js';
import type { Config } from '../../contract/settings/schema.js';
import { detectorInUse } from '../../contract/settings/vision-schema.js';
import type { BoxStatus } from '../../contract/status.js';
import { findGpuDevices, type GpuDevices } from '../../host/gpu-devices.js';
import { localTimeOf, showTimeOf } from '../../host/local-time.js';
import { openConfiguredStore } from '../../host/models/configured-store.js';
import { remedyOfDamage } from '../../host/models/model-manifest.js';
import type { PackStatus } from '../../host/models/store.js';
import { type ServiceState, serviceState } from '../../host/service-state.js';
import { readUnit } from '../../host/unit-file.js';
import { counted } from '../../kernel/counted.js';
import { isRollcallError } from '../../kernel/errors.js';
import { unprotectedLogin } from '../../vision/ingest/failure-explanations.js';
import { detectFfmpeg } from '../../vision/ingest/ffmpeg-binary.js';
import { fallbackRecogniser, preferredRecogniser } from '../../vision/recogniser-in-use.js';
import { ControlClient, daemonUnreachable } from '../api/client.js';
import { abstractSocketFindings } from './abstract-sockets.js';
import { findDaemonUser } from './daemon-user.js';
import {
  describeView,
  directoryFindings,
  guessHostView,
  type HostView,
  secretFindings,
} from './doctor-host.js';
import { keyFinding } from './doctor-key.js';
import { type Finding, failed, findingOf, ok } from './finding.js';
import { gateFindings } from './gate-finding.js';
import { gpuFindings } from './gpu-finding.js';
import { boxKeyFinding, plainKeysFinding } from './identity-finding.js';
import { statusFindings } from './status-areas.js';
import { type Installation, wallFindings } from './wall-findings.js';

/** The machine, and who asks. The defaults are those of a command. */
export interface Machine {
  /** Asks the running daemon. Default: over its socket. */
  readonly ask?: (
    config: Pick<Config, 'control'>,
  ) => Promise<{ readonly status: BoxStatus; readonly report: HostReport }>;
  /** Where systemd units and user accounts are found. Default: those of the system. */
  readonly unitDirectories?: readonly string[];
  readonly accounts?: string;
  /** Where the units of the box are, and who knows what systemd made of them. */
  readonly installation?: Installation;
  /** What systemd knows of the daemon. */
  readonly service?: () => Promise<ServiceState | undefined>;
  /** Finds the GPUs. Default: those of this machine. */
  readonly gpuDevices?: () => GpuDevices;
  /** The cameras that the answer may be about. Absent: all. */
  readonly cameras?: ReadonlySet<string> | undefined;
}

/**
 * Checks everything that the daemon needs, in the order in which an installer sets it up. A running daemon checks its own
 * secrets and directories, because only the daemon has its user, credentials and view of the file system.
 */
export async function examineBox(configPath: string, machine: Machine = {}): Promise<readonly Finding[]> {
  const loaded = await loadConfig(configPath);
  if (!loaded.ok) {
    const problems =
      machine.cameras === undefined
        ? loaded.problems.map((problem) => formatProblem(configPath, problem))
        : [`${configPath} has ${counted(loaded.problems.length, 'problem')}; ask an administrator`];
    const wrong = problems.map(
      (message) => ({ check: 'configuration', outcome: 'failed', message }) as const,
    );
    return [await ffmpegFinding(undefined), ...wrong, ...(await findingsBeside(configPath, machine))];
  }
  const config = limitedTo(loaded.config, machine.cameras);
  const unusable = config.unusableCameraFiles.flatMap(({ problems }) =>
    problems.map((problem) => ({
      check: 'camera file',
      outcome: 'failed' as const,
      message: formatProblem(configPath, problem),
    })),
  );
  const { status, view, findings } = await askDaemon(config, machine);
  return [
    await ffmpegFinding(status),
    ok('configuration', `${configPath}: ${counted(config.cameras.length, 'camera')}`),
    ...unusable,
    ...findings,
    await keyFinding(config, view, status?.gallery),
    status === undefined
      ? await boxKeyFinding(config, { secretsDirectory: config.secretsDir, ownerUid: view.report.user.uid })
      : ok('box key', 'in use by the daemon'),
    await plainKeysFinding(config),
    ...(await secretFindings(config, view)),
    ...loginFindings(config),
    ...(await modelFindings(config, status?.recogniser?.name)),
    ...gpuFindings(config, (machine.gpuDevices ?? findGpuDevices)(), status),
    ...directoryFindings(config, view),
    ...(await gateFindings(config, machine.unitDirectories)),
    ...(await wallFindings(machine.installation)),
    ...(await abstractSocketFindings(machine.installation)),
    ...(status === undefined ? [] : statusFindings(status, showTimeOf(localTimeOf(config.site.timeZone)))),
  ];
}

/** The FFmpeg of the running daemon; without a daemon, the FFmpeg found on this machine. */
async function ffmpegFinding(status: BoxStatus | undefined): Promise<Finding> {
  const [version] = (status?.vision ?? []).flatMap(({ ffmpegVersion }) => ffmpegVersion ?? []);
  if (version !== undefined) return ok('ffmpeg', `FFmpeg ${version}, in use by the daemon`);
  return findingOf('ffmpeg', async () => `FFmpeg ${(await detectFfmpeg()).version}`);
}

interface DaemonAnswer {
  /** Absent if no daemon answers. */
  readonly status?: BoxStatus;
  readonly view: HostView;
  /** Whether the daemon answers, and from whose view the rest is checked. */
  readonly findings: readonly Finding[];
}

async function askDaemon(config: Config, machine: Machine): Promise<DaemonAnswer> {
  const { ask = askOverSocket, unitDirectories, accounts } = machine;
  try {
    const { status, report } = await ask(config);
    const view = { report };
    return { status, view, findings: [ok('daemon', describeView(view))] };
  } catch (error) {
    if (!isRollcallError(error)) throw error;
    const unit = await readUnit('rollcalld.service', unitDirectories);
    const view = await guessHostView(config, await findDaemonUser(config, unit, accounts), unit);
    const finding = await silenceFinding(error, machine);
    const message = `${finding.message}; ${describeView(view)}`;
    return { view, findings: [{ ...finding, message }] };
  }
}

/** Why the daemon does not answer, and what to do. */
async function silenceFinding(
  error: unknown,
  { service = () => serviceState('rollcalld') }: Machine,
): Promise<Finding> {
  const silent: Finding = { ...failed('daemon', error), outcome: 'warning' };
  const found = isRollcallError(error, daemonUnreachable) ? await service() : undefined;
  const journal = 'journalctl -u rollcalld -n 20';
  switch (found?.state) {
    case undefined:
    case 'stopped':
      return silent;
    case 'starting':
      return {
        ...silent,
        message: 'rollcalld is starting',
        remedy: `Wait a minute; if this stays, read its log: ${journal}.`,
      };
    case 'running': {
      const remedy = `Wait a minute; if this stays, read its log (${journal}), then restart it: 'systemctl restart rollcalld'.`;
      return { ...silent, message: `rollcalld runs, but ${silent.message}`, remedy };
    }
    case 'failing': {
      const { said, result } = found;
      const message = `rollcalld ends again and again (${result})`;
      if (said === undefined)
        return { check: 'daemon', outcome: 'failed', message, remedy: `Read its log: ${journal}.` };
      const remedy = said.remedy ?? `Read its log: ${journal}.`;
      return { check: 'daemon', outcome: 'failed', message: `${message}: ${said.message}`, remedy };
    }
  }
}

/** Whether the daemon runs beside a configuration file that cannot be used, and what it reports. */
async function findingsBeside(configPath: string, machine: Machine): Promise<readonly Finding[]> {
  const { ask = askOverSocket, cameras } = machine;
  const { socketPath, timeZone = 'UTC' } = await loadSite(configPath);
  if (socketPath === undefined || cameras !== undefined) return [];
  try {
    const { status } = await ask({ control: { socketPath } });
    return [ok('daemon', 'answers'), ...statusFindings(status, showTimeOf(localTimeOf(timeZone)))];
  } catch (error) {
    if (!isRollcallError(error)) throw error;
    return [await silenceFinding(error, machine)];
  }
}

async function askOverSocket({ control }: Pick<Config, 'control'>) {
  const client = new ControlClient(control.socketPath);
  return { status: await client.call('status.show'), report: await client.call('host.show') };
}

/** Warns of cameras that may get their password unencrypted. */
export function loginFindings({ cameras }: Config): readonly Finding[] {
  return cameras
    .filter(({ url, credential, allowBasicLogin }) => {
      return allowBasicLogin && credential !== undefined && /^rtsp:/i.test(url);
    })
    .map(({ id }) => ({
      check: `login of camera ${id}`,
      outcome: 'warning',
      message: 'the password may travel unencrypted over the network (allowBasicLogin without TLS)',
      remedy: unprotectedLogin.remedy,
    }));
}

/** Names the detector in use and a better one. docs/measurements/accuracy.md has the figures. */
export function detectorFinding({ vision }: Config, statuses: readonly PackStatus[]): Finding {
  const { detector } = vision;
  const runs = detector === 'auto' ? `${detectorInUse(vision)}, the default` : `${detector}, as configured`;
  if (detector === 'yunet') return ok('detector', runs);
  const isReady = statuses.some(({ pack, state }) => pack.id.startsWith('yunet') && state === 'ready');
  const advice = isReady
    ? 'to use it, set vision.detector: yunet'
    : "to get it, run 'rollcall models fetch --recommended'";
  return ok(
    'detector',
    `${runs}; yunet finds small faces more reliably (docs/measurements/accuracy.md); ${advice}`,
  );
}

/** Names the network for landmarks in use and a better one. docs/measurements/accuracy.md has the figures. */
export function landmarksFinding(
  { vision: { landmarks } }: Config,
  statuses: readonly PackStatus[],
): Finding {
  if (landmarks === 'face-landmarker') return ok('landmarks', `${landmarks}, as configured`);
  const isReady = statuses.some(({ pack, state }) => pack.id === 'face-landmarker' && state === 'ready');
  const advice = isReady
    ? 'to use it, set vision.landmarks: face-landmarker'
    : "to get it, run 'rollcall models fetch face-landmarker'";
  return ok(
    'landmarks',
    `${landmarks}; face-landmarker finds more blinks at low frame rates (docs/measurements/accuracy.md); ${advice}`,
  );
}

/** `inUse`: the recogniser of the running daemon. */
async function modelFindings(config: Config, inUse: string | undefined): Promise<readonly Finding[]> {
  const { recogniser, landmarks } = config.vision;
  const store = await openConfiguredStore(config.models.dir);
  const findings: Finding[] = [];
  const statuses = await store.verify();
  for (const status of statuses) {
    const { id, source } = status.pack;
    if (status.state === 'ready') findings.push(ok(`model ${id}`, 'verified'));
    else if (status.state === 'damaged') {
      const message = `${status.path} is damaged`;
      const remedy = remedyOfDamage(id, source.kind);
      findings.push({ check: `model ${id}`, outcome: 'failed', message, remedy });
    } else if (
      source.kind === 'npm' ||
      source.kind === 'own' ||
      [inUse, recogniser, landmarks].includes(id)
    ) {
      const { remedy } = status;
      findings.push({ check: `model ${id}`, outcome: 'failed', message: 'not on this machine', remedy });
    } else if (id === preferredRecogniser && recogniser === 'auto' && inUse === undefined) {
      const message = `not on this machine; a new gallery uses ${fallbackRecogniser}, which makes more errors`;
      findings.push({ check: `model ${id}`, outcome: 'warning', message, remedy: status.remedy });
    }
  }
  const wanted = [recogniser, inUse].find((name) => name?.startsWith('own-'));
  const isDescribed = [...store.own, ...store.unusableOwn].some(({ id }) => id === wanted);
  for (const { id, reason, remedy } of store.unusableOwn)
    findings.push({ check: `model ${id}`, outcome: 'failed', message: reason, remedy });
  if (wanted !== undefined && !isDescribed) {
    const message = 'in use, but not on this machine: its description is missing';
    const remedy = `Put ${wanted}.json and ${wanted}.onnx back into ${store.importDirectory}, or add the network again with 'rollcall models add-recogniser'.`;
    findings.push({ check: `model ${wanted}`, outcome: 'failed', message, remedy });
  }
  return [...findings, detectorFinding(config, statuses), landmarksFinding(config, statuses)];
}
