import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import type { DirectoryReport, HostReport, SecretReport } from '../../contract/host.js';
import { dataDirectories, galleryKeyUse, namedSecrets } from '../../contract/settings/machine-needs.js';
import type { Config } from '../../contract/settings/schema.js';
import { currentUser, describeUser, ownerText, type SystemUser } from '../../host/system-user.js';
import type { UnitFacts } from '../../host/unit-file.js';
import type { Said } from '../../kernel/said.js';
import { english } from '../../words/language.js';
import { directoryFault, reportOnHost } from '../api/host-report.js';
import { certificateFinding } from './certificate-findings.js';
import { openAsDaemon } from './daemon-user.js';
import { doctor, type Finding, finding, ok, saidOf } from './finding.js';

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
export function viewOf({ report, caller }: HostView): Said {
  const user = describeUser(report.user);
  if (caller === undefined) return doctor('view-daemon', { user });
  if (caller.uid === 0 || caller.uid === report.user.uid) return doctor('view-command', { user });
  return doctor('view-stranger', { caller: describeUser(caller), user });
}

/** Checks every secret that the configuration names, except the gallery key. */
export async function secretFindings(config: Config, view: HostView): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { use, name } of namedSecrets(config)) {
    if (use === galleryKeyUse) continue;
    const check = doctor('check-secret', { what: use });
    const secret = secretOf(use, name, view);
    findings.push(secret === undefined ? notLoaded(check, name) : await secretFinding(check, secret, view));
    const certificate = secret?.certificate;
    // The status of a running daemon has the client certificate that it uses.
    const isInStatus = view.caller === undefined && certificate?.whose === 'client';
    if (certificate !== undefined && !isInStatus) findings.push(certificateFinding(certificate));
  }
  return findings;
}

/** The report on a secret. Undefined if the running daemon has an older configuration that does not name the secret. */
export function secretOf(use: Said, name: string, { report }: HostView): SecretReport | undefined {
  // The daemon answers a command in the language of its terminal.
  const isOf = ({ what, says }: SecretReport): boolean =>
    says?.what === undefined ? what === english.textOf(use) : isDeepStrictEqual(says.what, use);
  return report.secrets.find((secret) => secret.name === name && isOf(secret));
}

const notLoaded = (check: Said, name: string): Finding =>
  finding(check, 'warning', {
    message: doctor('secret-not-loaded', { name }),
    remedy: doctor('remedy-secret-not-loaded'),
  });

/** Whether the daemon can use a secret. */
export async function secretFinding(
  check: Said,
  { name, source, problem }: SecretReport,
  view: HostView,
): Promise<Finding> {
  if (problem === undefined)
    return ok(check, doctor(source === 'credential' ? 'secret-credential' : 'secret-file', { name }));
  const credentialPath = view.caller === undefined ? undefined : view.unit?.credentials.get(name);
  if (problem.code === 'credential-missing' && credentialPath !== undefined)
    return credentialFileFinding(check, name, credentialPath);
  const { caller, report } = view;
  const isStranger = caller !== undefined && caller.uid !== 0 && caller.uid !== report.user.uid;
  const { message, remedy } = saidOf(problem);
  if (!isStranger) return finding(check, 'failed', { message, remedy });
  return finding(check, 'warning', {
    message: doctor('secret-uncertain', { user: describeUser(caller), why: message }),
    remedy: doctor('remedy-as-root'),
  });
}

/** Checks a secret that the unit passes as a credential. systemd opens it only when the service starts. */
async function credentialFileFinding(check: Said, name: string, path: string): Promise<Finding> {
  try {
    await access(path, constants.F_OK);
    return ok(check, doctor('credential-file', { name, path }));
  } catch (error) {
    if (directoryFault(error) === 'missing')
      return finding(check, 'failed', {
        message: doctor('credential-file-missing', { name, path }),
        remedy: doctor('remedy-credential-file-missing', { path }),
      });
    return finding(check, 'warning', {
      message: doctor('credential-file-unreadable', { name, path }),
      remedy: doctor('remedy-as-root'),
    });
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
  const check = doctor('check-directory', { what });
  if (fault === 'missing' && caller !== undefined)
    return finding(check, 'warning', {
      message: doctor('directory-not-yet', { path }),
      remedy: doctor('remedy-directory-not-yet'),
    });
  const user = describeUser(report.user);
  if (fault !== undefined)
    return finding(check, 'failed', {
      message: doctor(`directory-${fault}`, { user, path }),
      remedy: doctor(`remedy-directory-${fault}`, { path, owner: ownerText(report.user) }),
    });
  const freeMiB = Math.floor((freeBytes ?? 0) / 2 ** 20);
  if (freeMiB >= lowMiB) return ok(check, doctor('directory-writable', { user, path, freeMiB }));
  return finding(check, 'warning', {
    message: doctor('disk-low', { path, freeMiB, lowMiB }),
    remedy: doctor('remedy-disk-low'),
  });
}

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
