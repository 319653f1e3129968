import { counted } from '../../base/counted.js';
import { isRollcallError } from '../../base/errors.js';
import { loadConfig } from '../../config/load.js';
import { formatProblem } from '../../config/problem.js';
import type { Config } from '../../config/schema.js';
import { detectorInUse } from '../../config/vision-schema.js';
import type { BoxStatus } from '../../control/box-control.js';
import { ControlClient } from '../../control/client.js';
import { readUnit } from '../../host/unit-file.js';
import { openConfiguredStore } from '../../models/configured-store.js';
import type { PackStatus } from '../../models/store.js';
import { unprotectedLogin } from '../../vision/ingest/failure-explanations.js';
import { detectFfmpeg } from '../../vision/ingest/ffmpeg-binary.js';
import { fallbackRecogniser, preferredRecogniser } from '../../vision/recogniser-in-use.js';
import { siteTimeOf } from '../site-time.js';
import { attempt, type Finding, failed, ok } from './doctor-finding.js';
import {
  describeView,
  directoryFindings,
  type HostView,
  secretFindings,
  viewWithoutDaemon,
} from './doctor-host.js';
import { keyFinding } from './doctor-key.js';
import { daemonUser } from './doctor-secret.js';
import { boxKeyFinding, plainKeysFinding } from './identity-finding.js';
import { statusFindings } from './status-areas.js';

/** Where the machine tells of the service; by default where systemd and the system keep it. */
export interface Machine {
  readonly unitDirectories?: readonly string[];
  readonly accounts?: string;
}

/**
 * Looks at everything the daemon needs, one finding per thing, in the order an installer sets them up. What the daemon can
 * tell comes from the daemon: only it has its user, its credentials and its view of the file system.
 */
export async function examineBox(configPath: string, machine: Machine = {}): Promise<readonly Finding[]> {
  const loaded = await loadConfig(configPath);
  if (!loaded.ok) {
    const problems = loaded.problems.map((problem) => formatProblem(configPath, problem));
    const wrong = problems.map(
      (message) => ({ check: 'configuration', outcome: 'failed', message }) as const,
    );
    return [await ffmpegFinding(undefined), ...wrong];
  }
  const { config } = loaded;
  const { status, view, findings } = await askDaemon(config, machine);
  return [
    await ffmpegFinding(status),
    ok('configuration', `${configPath}: ${counted(config.cameras.length, 'camera')}`),
    ...findings,
    await keyFinding(config, view, status?.gallery),
    status === undefined
      ? await boxKeyFinding(config, { secretsDirectory: config.secretsDir, ownerUid: view.report.user.uid })
      : ok('box key', 'the daemon signs with it'),
    await plainKeysFinding(config),
    ...(await secretFindings(config, view)),
    ...loginFindings(config),
    ...(await modelFindings(config, status?.recogniser?.name)),
    ...directoryFindings(config, view),
    ...(status === undefined ? [] : statusFindings(status, siteTimeOf(config.site.timeZone).show)),
  ];
}

/** That which the daemon decodes with; without one, that which it would find from here. */
async function ffmpegFinding(status: BoxStatus | undefined): Promise<Finding> {
  const [version] = (status?.vision ?? []).flatMap(({ ffmpegVersion }) => ffmpegVersion ?? []);
  if (version !== undefined) return ok('ffmpeg', `FFmpeg ${version}, in use by the daemon`);
  return attempt('ffmpeg', async () => `FFmpeg ${(await detectFfmpeg()).version}`);
}

interface Asked {
  /** Absent where no daemon answers. */
  readonly status?: BoxStatus;
  readonly view: HostView;
  /** Of the daemon itself: whether it answers, and from whose view the rest is judged. */
  readonly findings: readonly Finding[];
}

async function askDaemon(config: Config, { unitDirectories, accounts }: Machine): Promise<Asked> {
  const client = new ControlClient(config.control.socketPath);
  try {
    const status = await client.status();
    const view = { report: await client.hostReport() };
    return { status, view, findings: [ok('daemon', describeView(view))] };
  } catch (error) {
    if (!isRollcallError(error)) throw error;
    const unit = await readUnit('rollcalld.service', unitDirectories);
    const view = await viewWithoutDaemon(config, await daemonUser(config, unit, accounts), unit);
    const finding = failed('daemon', error);
    const message = `${finding.message}; ${describeView(view)}`;
    return { view, findings: [{ ...finding, message, outcome: 'warning' }] };
  }
}

/** Cameras that may be sent their password in a form that can be read on the way. */
export function loginFindings({ cameras }: Config): readonly Finding[] {
  return cameras
    .filter(({ url, credential, allowBasicLogin }) => {
      return allowBasicLogin && credential !== undefined && /^rtsp:/i.test(url);
    })
    .map(({ id }) => ({
      check: `login of camera ${id}`,
      outcome: 'warning',
      message:
        'the password may be sent in a form that anybody on the way can read (allowBasicLogin, without TLS)',
      remedy: unprotectedLogin.remedy,
    }));
}

/** Which detector runs, and what another one would give; the figures are those of docs/accuracy.md. */
export function detectorFinding({ vision }: Config, statuses: readonly PackStatus[]): Finding {
  const { detector } = vision;
  const runs = detector === 'auto' ? `${detectorInUse(vision)}, the default` : `${detector}, as configured`;
  if (detector === 'yunet') return ok('detector', runs);
  const isThere = statuses.some(({ pack, state }) => pack.id.startsWith('yunet') && state === 'ready');
  const take = isThere
    ? 'it is on this machine: set vision.detector: yunet'
    : "get it with 'rollcall models fetch --recommended'";
  return ok('detector', `${runs}; yunet finds small faces more evenly (docs/accuracy.md), ${take}`);
}

/** `inUse`: the recogniser of the daemon that answers, which says itself what it lacks. */
async function modelFindings(config: Config, inUse: string | undefined): Promise<readonly Finding[]> {
  const { recogniser } = config.vision;
  const store = await openConfiguredStore(config.models.dir);
  const findings: Finding[] = [];
  const statuses = await store.verify();
  for (const status of statuses) {
    const { id, source } = status.pack;
    if (status.state === 'ready') findings.push(ok(`model ${id}`, 'verified'));
    else if (status.state === 'damaged') {
      const message = `${status.path} is damaged`;
      const remedy = 'delete it and build, import or fetch the pack again';
      findings.push({ check: `model ${id}`, outcome: 'failed', message, remedy });
    } else if (source.kind === 'npm' || id === inUse || id === recogniser) {
      const { remedy } = status;
      findings.push({ check: `model ${id}`, outcome: 'failed', message: 'is not on this machine', remedy });
    } else if (id === preferredRecogniser && recogniser === 'auto' && inUse === undefined) {
      const message = `is not on this machine: a gallery that holds nobody gets ${fallbackRecogniser}, which errs more`;
      findings.push({ check: `model ${id}`, outcome: 'warning', message, remedy: status.remedy });
    }
  }
  return [...findings, detectorFinding(config, statuses)];
}
