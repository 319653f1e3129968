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
import type { PackStatus } from '../../host/models/store.js';
import { type ServiceState, serviceState } from '../../host/service-state.js';
import { readUnit } from '../../host/unit-file.js';
import { isRollcallError } from '../../kernel/errors.js';
import { type Said, verbatim } from '../../kernel/said.js';
import { unprotectedLogin } from '../../vision/ingest/failure-explanations.js';
import { detectFfmpeg } from '../../vision/ingest/ffmpeg-binary.js';
import { fallbackRecogniser, preferredRecogniser } from '../../vision/recogniser-in-use.js';
import { ControlClient, daemonUnreachable } from '../api/client.js';
import { abstractSocketFindings } from './abstract-sockets.js';
import { backupFinding } from './backup-finding.js';
import { findDaemonUser } from './daemon-user.js';
import { directoryFindings, guessHostView, type HostView, secretFindings, viewOf } from './doctor-host.js';
import { keyFinding } from './doctor-key.js';
import { doctor, type Finding, finding, findingOf, joined, ok, saidBy } from './finding.js';
import { gateFindings } from './gate-finding.js';
import { gpuFindings } from './gpu-finding.js';
import { boxKeyFinding, plainKeysFinding } from './identity-finding.js';
import { statusFindings } from './status-areas.js';
import { readUpdateReport, updateFindings } from './update-report.js';
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
  /** Where the reports of updates are. */
  readonly updates?: string;
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
        ? loaded.problems.map((problem) => verbatim(formatProblem(configPath, problem)))
        : [doctor('problems', { path: configPath, problems: loaded.problems.length })];
    const check = doctor('check-configuration');
    const wrong = problems.map((message) => finding(check, 'failed', { message }));
    return [await ffmpegFinding(undefined), ...wrong, ...(await findingsBeside(configPath, machine))];
  }
  const config = limitedTo(loaded.config, machine.cameras);
  const unusableFiles = (
    [
      ['check-camera-file', config.unusableCameraFiles],
      ['check-channel-file', config.unusableChannelFiles],
    ] as const
  ).flatMap(([check, files]) =>
    files
      .flatMap(({ problems }) => problems)
      .map((problem) =>
        finding(doctor(check), 'failed', { message: verbatim(formatProblem(configPath, problem)) }),
      ),
  );
  const { status, view, findings } = await askDaemon(config, machine);
  const show = showTimeOf(localTimeOf(config.site.timeZone));
  return [
    await ffmpegFinding(status),
    ok(
      doctor('check-configuration'),
      doctor('configuration', { path: configPath, cameras: config.cameras.length }),
    ),
    ...unusableFiles,
    ...findings,
    await keyFinding(config, view, status?.gallery),
    status === undefined
      ? await boxKeyFinding(config, { secretsDirectory: config.secretsDir, ownerUid: view.report.user.uid })
      : ok(doctor('check-box-key'), doctor('box-key-in-use')),
    await plainKeysFinding(config),
    await backupFinding(config),
    ...(await secretFindings(config, view)),
    ...loginFindings(config),
    ...(await modelFindings(config, status?.recogniser?.name)),
    ...gpuFindings(config, (machine.gpuDevices ?? findGpuDevices)(), status),
    ...directoryFindings(config, view),
    ...(await gateFindings(config, machine.unitDirectories)),
    ...(await wallFindings(machine.installation)),
    ...(await abstractSocketFindings(machine.installation)),
    ...updateFindings(await readUpdateReport(machine.updates), show),
    ...(status === undefined ? [] : statusFindings(status, show)),
  ];
}

/** The FFmpeg of the running daemon; without a daemon, the FFmpeg found on this machine. */
async function ffmpegFinding(status: BoxStatus | undefined): Promise<Finding> {
  const [version] = (status?.vision ?? []).flatMap(({ ffmpegVersion }) => ffmpegVersion ?? []);
  const check = doctor('check-ffmpeg');
  if (version !== undefined) return ok(check, doctor('ffmpeg-in-use', { version }));
  return findingOf(check, async () => doctor('ffmpeg', { version: (await detectFfmpeg()).version }));
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
    return { status, view, findings: [ok(daemonCheck, viewOf(view))] };
  } catch (error) {
    if (!isRollcallError(error)) throw error;
    const unit = await readUnit('rollcalld.service', unitDirectories);
    const view = await guessHostView(config, await findDaemonUser(config, unit, accounts), unit);
    const { outcome, message, remedy } = await silenceOf(error, machine);
    return {
      view,
      findings: [finding(daemonCheck, outcome, { message: joined([message, viewOf(view)]), remedy })],
    };
  }
}

const daemonCheck = doctor('check-daemon');

interface Silence {
  readonly outcome: 'warning' | 'failed';
  readonly message: Said;
  readonly remedy: Said | undefined;
}

/** Why the daemon does not answer, and what to do. */
async function silenceOf(
  error: unknown,
  { service = () => serviceState('rollcalld') }: Machine,
): Promise<Silence> {
  const silent = { outcome: 'warning', ...saidBy(error) } as const;
  const found = isRollcallError(error, daemonUnreachable) ? await service() : undefined;
  switch (found?.state) {
    case undefined:
    case 'stopped':
      return silent;
    case 'starting':
      return { ...silent, message: doctor('daemon-starting'), remedy: doctor('remedy-daemon-starting') };
    case 'running': {
      const message = doctor('daemon-running', { why: silent.message });
      return { ...silent, message, remedy: doctor('remedy-daemon-running') };
    }
    case 'failing': {
      const { said: last, result } = found;
      const ends = doctor('daemon-failing', { result });
      const message = last === undefined ? ends : doctor('with-reason', { what: ends, why: last.message });
      const remedy = last?.remedy === undefined ? doctor('remedy-daemon-failing') : verbatim(last.remedy);
      return { outcome: 'failed', message, remedy };
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
    return [
      ok(daemonCheck, doctor('daemon-answers')),
      ...statusFindings(status, showTimeOf(localTimeOf(timeZone))),
    ];
  } catch (error) {
    if (!isRollcallError(error)) throw error;
    const { outcome, message, remedy } = await silenceOf(error, machine);
    return [finding(daemonCheck, outcome, { message, remedy })];
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
    .map(({ id }) =>
      finding(doctor('check-camera-login', { id }), 'warning', {
        message: doctor('camera-login'),
        remedy: unprotectedLogin.says.remedy,
      }),
    );
}

/** Names the detector in use and a better one. docs/measurements/accuracy.md has the figures. */
export function detectorFinding({ vision }: Config, statuses: readonly PackStatus[]): Finding {
  const { detector } = vision;
  const check = doctor('check-detector');
  const runs =
    detector === 'auto'
      ? doctor('by-default', { name: detectorInUse(vision) })
      : doctor('as-configured', { name: detector });
  if (detector === 'yunet') return ok(check, runs);
  const isReady = statuses.some(({ pack, state }) => pack.id.startsWith('yunet') && state === 'ready');
  return ok(check, doctor(isReady ? 'yunet-ready' : 'yunet-absent', { runs }));
}

/** Names the network for landmarks in use and a better one. docs/measurements/accuracy.md has the figures. */
export function landmarksFinding(
  { vision: { landmarks } }: Config,
  statuses: readonly PackStatus[],
): Finding {
  const check = doctor('check-landmarks');
  if (landmarks === 'face-landmarker') return ok(check, doctor('as-configured', { name: landmarks }));
  const isReady = statuses.some(({ pack, state }) => pack.id === 'face-landmarker' && state === 'ready');
  return ok(check, doctor(isReady ? 'landmarker-ready' : 'landmarker-absent', { runs: landmarks }));
}

/** `inUse`: the recogniser of the running daemon. */
async function modelFindings(config: Config, inUse: string | undefined): Promise<readonly Finding[]> {
  const { recogniser, landmarks } = config.vision;
  const store = await openConfiguredStore(config.models.dir);
  const findings: Finding[] = [];
  const statuses = await store.verify();
  for (const status of statuses) {
    const { id, source } = status.pack;
    const check = doctor('check-model', { id });
    if (status.state === 'ready') findings.push(ok(check, doctor('model-verified')));
    else if (status.state === 'damaged') {
      const message = doctor('model-damaged', { path: status.path });
      const remedy = doctor(source.kind === 'own' ? 'remedy-own-model-damaged' : 'remedy-model-damaged', {
        id,
      });
      findings.push(finding(check, 'failed', { message, remedy }));
    } else if (
      source.kind === 'npm' ||
      source.kind === 'own' ||
      [inUse, recogniser, landmarks].includes(id)
    ) {
      const texts = { message: doctor('model-absent'), remedy: status.says.remedy };
      findings.push(finding(check, 'failed', texts));
    } else if (id === preferredRecogniser && recogniser === 'auto' && inUse === undefined) {
      const message = doctor('model-fallback', { name: fallbackRecogniser });
      findings.push(finding(check, 'warning', { message, remedy: status.says.remedy }));
    }
  }
  const wanted = [recogniser, inUse].find((name) => name?.startsWith('own-'));
  const isDescribed = [...store.own, ...store.unusableOwn].some(({ id }) => id === wanted);
  for (const { id, reason, remedy } of store.unusableOwn)
    findings.push(
      finding(doctor('check-model', { id }), 'failed', {
        message: verbatim(reason),
        remedy: verbatim(remedy),
      }),
    );
  if (wanted !== undefined && !isDescribed) {
    const message = doctor('model-undescribed');
    const remedy = doctor('remedy-model-undescribed', { name: wanted, directory: store.importDirectory });
    findings.push(finding(doctor('check-model', { id: wanted }), 'failed', { message, remedy }));
  }
  return [...findings, detectorFinding(config, statuses), landmarksFinding(config, statuses)];
}
