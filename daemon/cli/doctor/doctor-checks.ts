import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { counted } from '../../base/counted.js';
import { loadConfig } from '../../config/load.js';
import { formatProblem } from '../../config/problem.js';
import type { Config } from '../../config/schema.js';
import type { BoxStatus } from '../../control/box-control.js';
import { ControlClient } from '../../control/client.js';
import type { CredentialPlaces } from '../../host/credentials.js';
import { parseUserPassword } from '../../host/user-password-secret.js';
import { openConfiguredStore } from '../../models/configured-store.js';
import { detectFfmpeg } from '../../vision/ingest/ffmpeg-binary.js';
import { alertFindings } from '../alerts/alert-findings.js';
import { clientCertificateFindings } from './doctor-certificates.js';
import { attempt, type Finding, failed, ok } from './doctor-finding.js';
import { keyFinding } from './doctor-key.js';
import { openAsDaemon, placesOfDaemon } from './doctor-secret.js';
import { boxKeyFinding } from './identity-finding.js';
import { statusFindings } from './status-areas.js';

/** Free space under which the records of a busy day may not fit, bytes. */
const enoughFreeBytes = 500 * 1024 * 1024;

/** Looks at everything the daemon needs, one finding per thing, in the order an installer sets them up. */
export async function examineBox(configPath: string): Promise<readonly Finding[]> {
  const findings: Finding[] = [
    await attempt('ffmpeg', async () => `FFmpeg ${(await detectFfmpeg()).version}`),
  ];
  const loaded = await loadConfig(configPath);
  if (!loaded.ok) {
    for (const problem of loaded.problems) {
      findings.push({
        check: 'configuration',
        outcome: 'failed',
        message: formatProblem(configPath, problem),
      });
    }
    return findings;
  }
  const { config } = loaded;
  findings.push(ok('configuration', `${configPath}: ${counted(config.cameras.length, 'camera')}`));
  const daemon = await askDaemon(config);
  const places = await placesOfDaemon(config);
  findings.push(await keyFinding(config, places, 'status' in daemon ? daemon.status.gallery : undefined));
  findings.push(await boxKeyFinding(config, places));
  findings.push(...(await secretFindings(config, places)));
  if (!('status' in daemon)) findings.push(...(await clientCertificateFindings(config, places)));
  findings.push(...(await alertFindings(config, places)));
  findings.push(...(await modelFindings(config)));
  findings.push(await dataFinding(config));
  findings.push(...('status' in daemon ? statusFindings(daemon.status) : [daemon.finding]));
  return findings;
}

type Asked = { readonly status: BoxStatus } | { readonly finding: Finding };

async function askDaemon(config: Config): Promise<Asked> {
  try {
    return { status: await new ControlClient(config.control.socketPath).status() };
  } catch (error) {
    return { finding: { ...failed('daemon', error), outcome: 'warning' } };
  }
}

async function secretFindings(config: Config, places: CredentialPlaces): Promise<readonly Finding[]> {
  const logins = [
    ...config.cameras.map(({ id, credential }) => ({ what: `camera ${id}`, credential })),
    { what: 'broker', credential: config.mqtt?.credential },
  ];
  const findings: Finding[] = [];
  for (const { what, credential } of logins) {
    if (credential === undefined) continue;
    findings.push(
      await attempt(`secret of ${what}`, async () => {
        const bytes = await openAsDaemon(credential, places);
        const isLogin = parseUserPassword(bytes) !== undefined;
        bytes.fill(0);
        if (!isLogin) throw new Error(`the secret "${credential}" is not of the form user:password`);
        return `the secret "${credential}" is there and closed to others`;
      }),
    );
  }
  return findings;
}

async function modelFindings(config: Config): Promise<readonly Finding[]> {
  const store = await openConfiguredStore(config.models.dir);
  const findings: Finding[] = [];
  for (const status of await store.verify()) {
    const { id, source } = status.pack;
    if (status.state === 'ready') findings.push(ok(`model ${id}`, 'verified'));
    else if (status.state === 'damaged') {
      const message = `${status.path} is damaged`;
      const remedy = 'delete it and build, import or fetch the pack again';
      findings.push({ check: `model ${id}`, outcome: 'failed', message, remedy });
    } else if (source.kind === 'npm') {
      const { remedy } = status;
      findings.push({ check: `model ${id}`, outcome: 'failed', message: 'is not built', remedy });
    }
  }
  return findings;
}

async function dataFinding({ dataDir }: Config): Promise<Finding> {
  const check = 'data directory';
  try {
    await access(dataDir, constants.W_OK);
  } catch (error) {
    const isMissing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    if (isMissing)
      return {
        check,
        outcome: 'warning',
        message: `${dataDir} does not exist yet`,
        remedy: 'the daemon makes it at its first start',
      };
    return { ...failed(check, error), remedy: `give ${dataDir} to the user of rollcalld` };
  }
  const { bavail, bsize } = await statfs(dataDir);
  const freeBytes = bavail * bsize;
  if (freeBytes >= enoughFreeBytes)
    return ok(check, `${dataDir} can be written, ${Math.round(freeBytes / 1e9)} GB free`);
  const message = `${dataDir} has only ${Math.round(freeBytes / 1e6)} MB free`;
  return {
    check,
    outcome: 'failed',
    message,
    remedy: 'make room on its file system: events cannot be recorded without',
  };
}
