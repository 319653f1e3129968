import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import type { DirectoryReport, HostReport, SecretReport } from '../../contract/host.js';
import { dataDirectories, galleryKeyUse, namedSecrets } from '../../contract/settings/machine-needs.js';
import type { Config } from '../../contract/settings/schema.js';
import { currentUser, describeUser, ownerText, type SystemUser } from '../../host/system-user.js';
import type { UnitFacts } from '../../host/unit-file.js';
import { directoryFault, reportOnHost } from '../api/host-report.js';
import { certificateFinding } from './certificate-findings.js';
import { openAsDaemon } from './daemon-user.js';
import { type Finding, ok } from './finding.js';

/** A report on secrets and directories, and who made it. */
export interface HostView {
  readonly report: HostReport;
  /** The user of this command, if no daemon made the report. */
  readonly caller?: SystemUser;
  /** The installed systemd unit, if there is one. */
  readonly unit?: UnitFacts | undefined;
}

/** Reports on secrets and directories for the daemon's user while no daemon runs. */
export async function guessHostView(
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
    // Root may write anywhere, so the permissions of the daemon's user are checked instead.
    ...(caller.uid === 0 ? { faultOf: (path: string) => faultFor(user, path) } : {}),
  });
  return { report, caller, unit };
}

/** States for which user secrets and directories were checked. */
export function describeView({ report: { user }, caller }: HostView): string {
  if (caller === undefined)
    return `runs as user ${describeUser(user)} and checks its own secrets and directories`;
  if (caller.uid === 0 || caller.uid === user.uid)
    return `this command checks secrets and directories for the user ${describeUser(user)}`;
  return `secrets and directories are checked with the rights of your user ${describeUser(caller)}, not of the daemon's user ${describeUser(user)}; run this command as root for a full check`;
}

/** Checks every secret that the configuration names, except the gallery key. */
export async function secretFindings(config: Config, view: HostView): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { what, name } of namedSecrets(config)) {
    if (what === galleryKeyUse) continue;
    const check = `secret of ${what}`;
    const secret = secretOf(what, name, view);
    findings.push(secret === undefined ? notLoaded(check, name) : await secretFinding(check, secret, view));
    const certificate = secret?.certificate;
    // The status of a running daemon has the client certificate that it uses.
    const isInStatus = view.caller === undefined && certificate?.whose === 'client';
    if (certificate !== undefined && !isInStatus) findings.push(certificateFinding(certificate));
  }
  return findings;
}

/** The report on a secret. Undefined if the running daemon has an older configuration that does not name the secret. */
export function secretOf(what: string, name: string, { report }: HostView): SecretReport | undefined {
  return report.secrets.find((secret) => secret.what === what && secret.name === name);
}

const notLoaded = (check: string, name: string): Finding => ({
  check,
  outcome: 'warning',
  message: `the configuration of the running daemon does not name the secret "${name}"`,
  remedy: 'Reload the daemon (systemctl reload rollcalld), then run this command again.',
});

/** Whether the daemon can use a secret. */
export async function secretFinding(
  check: string,
  { name, source, problem }: SecretReport,
  view: HostView,
): Promise<Finding> {
  if (problem === undefined) {
    const where =
      source === 'credential' ? 'comes as a systemd credential' : 'exists and is protected from other users';
    return ok(check, `the secret "${name}" ${where}`);
  }
  const { code, message, remedy } = problem;
  const credentialPath = view.caller === undefined ? undefined : view.unit?.credentials.get(name);
  if (code === 'credential-missing' && credentialPath !== undefined)
    return credentialFileFinding(check, name, credentialPath);
  const { caller, report } = view;
  const isStranger = caller !== undefined && caller.uid !== 0 && caller.uid !== report.user.uid;
  if (!isStranger) return { check, outcome: 'failed', message, remedy };
  const uncertain = `your user ${describeUser(caller)} cannot check this: ${message}`;
  return { check, outcome: 'warning', message: uncertain, remedy: 'Run this command as root.' };
}

/** Checks a secret that the unit passes as a credential. systemd opens it only when the service starts. */
async function credentialFileFinding(check: string, name: string, path: string): Promise<Finding> {
  const about = `the systemd unit reads the secret "${name}" from ${path}`;
  try {
    await access(path, constants.F_OK);
    return ok(check, `${about} when the service starts`);
  } catch (error) {
    if (directoryFault(error) !== 'missing')
      return {
        check,
        outcome: 'warning',
        message: `${about}, which your user may not read`,
        remedy: 'Run this command as root.',
      };
    const remedy = `Write the credential to ${path} as docs/how-to/add-a-camera.md shows; without it the service does not start.`;
    return { check, outcome: 'failed', message: `${about}, which does not exist`, remedy };
  }
}

/** Checks every directory that the daemon writes to. */
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
      remedy: 'Nothing: the daemon creates it at its first start.',
    };
  if (fault !== undefined) {
    const message = `the daemon's user ${describeUser(report.user)} may not write to ${path}: ${faultTexts[fault]}`;
    const remedy =
      fault === 'read-only'
        ? `Add ReadWritePaths=${path} to the unit (systemctl edit rollcalld), then restart rollcalld.`
        : `${fault === 'missing' ? 'Create the directory and give' : 'Give'} it to the daemon's user: 'chown -R ${ownerText(report.user)}: ${path}'.`;
    return { check, outcome: 'failed', message, remedy };
  }
  const freeMiB = Math.floor((freeBytes ?? 0) / 2 ** 20);
  if (freeMiB >= lowMiB)
    return ok(check, `the user ${describeUser(report.user)} can write to ${path}, ${freeMiB} MiB free`);
  return {
    check,
    outcome: 'warning',
    message: `the disk of ${path} has ${freeMiB} MiB free; disk.lowMiB asks for ${lowMiB} MiB`,
    remedy: 'Free space on this disk; a full disk stops the recording of events.',
  };
}

const faultTexts: Readonly<Record<NonNullable<DirectoryReport['fault']>, string>> = {
  missing: 'it does not exist',
  'read-only': 'it is read-only for the service',
  'not-permitted': 'it belongs to another user',
};

/** Checks owner and mode. Groups do not count: no directory of the box is shared by a group. */
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
