import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import {
  clientCertificateUse,
  dataDirectories,
  galleryKeyUse,
  namedSecrets,
} from '../../config/machine-needs.js';
import type { Config } from '../../config/schema.js';
import {
  type DirectoryReport,
  directoryFault,
  type HostReport,
  reportOnHost,
  type SecretReport,
} from '../../control/host-report.js';
import { currentUser, describeUser, ownerText, type SystemUser } from '../../host/system-user.js';
import type { UnitFacts } from '../../host/unit-file.js';
import { certificateFinding } from './doctor-certificates.js';
import { type Finding, ok } from './doctor-finding.js';
import { openAsDaemon } from './doctor-secret.js';

/** From whose view the machine is looked at. */
export interface HostView {
  readonly report: HostReport;
  /** Who looks while no daemon does; absent where the daemon itself reports. */
  readonly caller?: SystemUser;
  /** What the installed unit says; absent where there is none. */
  readonly unit?: UnitFacts | undefined;
}

/** What the daemon would find, as far as the caller of the command can tell while no daemon runs. */
export async function viewWithoutDaemon(
  config: Config,
  user: SystemUser,
  unit: UnitFacts | undefined,
): Promise<HostView> {
  const caller = currentUser();
  const places = { secretsDirectory: config.secretsDir, ownerUid: user.uid };
  const report = await reportOnHost({
    user,
    secrets: namedSecrets(config),
    directories: dataDirectories(config),
    nowMs: Date.now(),
    find: async (name) => ({ bytes: await openAsDaemon(name, places), source: 'file' }),
    // Root may write anywhere: what counts is whether the user of the daemon may.
    ...(caller.uid === 0 ? { faultOf: (path: string) => faultFor(user, path) } : {}),
  });
  return { report, caller, unit };
}

/** For whom the findings hold, in a sentence. */
export function describeView({ report: { user }, caller }: HostView): string {
  if (caller === undefined) return `it runs as the user ${describeUser(user)} and reports on itself`;
  if (caller.uid === 0 || caller.uid === user.uid)
    return `secrets and directories are judged from here, for the user ${describeUser(user)}`;
  return `secrets and directories are judged as your user ${describeUser(caller)} sees them, not as the user ${describeUser(user)} of the daemon: run this as root`;
}

/** Of the secrets that the configuration names, the gallery's key left out. */
export async function secretFindings(config: Config, view: HostView): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { what, name } of namedSecrets(config)) {
    if (what === galleryKeyUse) continue;
    const check = `secret of ${what}`;
    const secret = secretOf(what, name, view);
    findings.push(secret === undefined ? notLoaded(check, name) : await secretFinding(check, secret, view));
    if (what === clientCertificateUse && secret?.certificate !== undefined && view.caller !== undefined)
      findings.push(certificateFinding(secret.certificate));
  }
  return findings;
}

/** What was found of a secret; undefined where the daemon runs with a configuration that does not name it. */
export function secretOf(what: string, name: string, { report }: HostView): SecretReport | undefined {
  return report.secrets.find((secret) => secret.what === what && secret.name === name);
}

const notLoaded = (check: string, name: string): Finding => ({
  check,
  outcome: 'warning',
  message: `the daemon runs with a configuration that does not name the secret "${name}"`,
  remedy: 'reload it (systemctl reload rollcalld), and run this again',
});

/** Whether a secret can be used by the daemon. */
export async function secretFinding(
  check: string,
  { name, source, problem }: SecretReport,
  view: HostView,
): Promise<Finding> {
  if (problem === undefined) {
    const where =
      source === 'credential' ? 'a systemd credential of the daemon' : 'there and closed to others';
    return ok(check, `the secret "${name}" is ${where}`);
  }
  const { code, message, remedy } = problem;
  const handedOver = view.caller === undefined ? undefined : view.unit?.credentials.get(name);
  if (code === 'credential-missing' && handedOver !== undefined)
    return handedOverFinding(check, name, handedOver);
  const { caller, report } = view;
  const isStranger = caller !== undefined && caller.uid !== 0 && caller.uid !== report.user.uid;
  if (!isStranger) return { check, outcome: 'failed', message, remedy };
  const cannotTell = `your user ${describeUser(caller)} cannot tell: ${message}`;
  return { check, outcome: 'warning', message: cannotTell, remedy: 'run this as root' };
}

/** The unit names it as a credential, which is opened at the start of the service only. */
async function handedOverFinding(check: string, name: string, path: string): Promise<Finding> {
  const about = `the unit hands the secret "${name}" over from ${path}`;
  try {
    await access(path, constants.F_OK);
    return ok(check, `${about} when the service starts`);
  } catch (error) {
    if (directoryFault(error) !== 'missing')
      return {
        check,
        outcome: 'warning',
        message: `${about}, which your user may not look at`,
        remedy: 'run this as root',
      };
    const remedy = `write the credential to ${path} as systemd/README.md shows; without it the service does not start`;
    return { check, outcome: 'failed', message: `${about}, which does not exist`, remedy };
  }
}

/** One for each directory that the daemon writes to. */
export function directoryFindings({ disk }: Pick<Config, 'disk'>, view: HostView): readonly Finding[] {
  const { directories } = view.report;
  return directories
    .filter(({ path }, index) => directories.findIndex((other) => other.path === path) === index)
    .map((directory) => directoryFinding(directory, disk.lowMiB, view));
}

function directoryFinding(directory: DirectoryReport, lowMiB: number, view: HostView): Finding {
  const { what, path, fault, freeBytes } = directory;
  const { report, caller } = view;
  const check = `${what} directory`;
  if (fault === 'missing' && caller !== undefined)
    return {
      check,
      outcome: 'warning',
      message: `${path} does not exist yet`,
      remedy: 'the daemon makes it at its first start',
    };
  if (fault !== undefined) {
    const message = `the user ${describeUser(report.user)} of the daemon may not write to ${path}: ${faultTexts[fault]}`;
    const remedy =
      fault === 'read-only'
        ? `add ReadWritePaths=${path} to the unit (systemctl edit rollcalld), and restart it`
        : `make it, and give it to that user: chown -R ${ownerText(report.user)}: ${path}`;
    return { check, outcome: 'failed', message, remedy };
  }
  const freeMiB = Math.floor((freeBytes ?? 0) / 2 ** 20);
  if (freeMiB >= lowMiB)
    return ok(check, `the user ${describeUser(report.user)} can write to ${path}, ${freeMiB} MiB free`);
  return {
    check,
    outcome: 'warning',
    message: `the file system of ${path} has ${freeMiB} MiB free, less than the ${lowMiB} MiB of disk.lowMiB`,
    remedy: 'make room on it before it is full: events cannot be recorded without',
  };
}

const faultTexts: Readonly<Record<NonNullable<DirectoryReport['fault']>, string>> = {
  missing: 'it does not exist',
  'read-only': 'it is read-only for the service',
  'not-permitted': 'it belongs to another user',
};

/** What the mode says; groups are not looked at, since nothing here is shared by one. */
async function faultFor(user: SystemUser, path: string): Promise<DirectoryReport['fault']> {
  try {
    await access(path, constants.W_OK);
    const { uid, mode } = await stat(path);
    const bits = uid === user.uid ? 0o300 : 0o003;
    return user.uid === 0 || (mode & bits) === bits ? undefined : 'not-permitted';
  } catch (error) {
    return directoryFault(error);
  }
}
