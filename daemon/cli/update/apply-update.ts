import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freeBytesAt } from '../../host/free-space.js';
import { type ExitCode, exitCodes } from '../../host/output.js';
import { failure, refusal } from '../../words/errors.js';

export interface ApplyOptions {
  readonly keyring: string;
  readonly allowDowngrade?: boolean;
}

/** The key of the repository, as docs/how-to/prepare-packages-for-your-boxes.md puts it there. */
export const defaultKeyring = '/etc/apt/keyrings/rollcall.gpg';

const unitOfPackage = '/usr/lib/systemd/system/rollcalld.service';
const lock = '/run/rollcall-install.lock';
/** What an update needs beside the files of the new version, such as for the copy of a database. */
const spareBytes = 64 * 1024 * 1024;
/** Nothing that is not signed, whatever the settings of apt say, and no question. */
const aptOptions = [
  ...['--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=60'],
  ...['-o', 'APT::Get::AllowUnauthenticated=false', '-o', 'Acquire::AllowInsecureRepositories=false'],
];

/**
 * Installs a package, or the newest of the configured repositories. apt verifies what comes from these; a file has a signature beside it.
 * The scripts of the package prove the new version, or go back. Shows what apt says.
 * @throws `update-not-permitted`, `update-of-checkout`, `update-running`, `update-unsigned`, `update-foreign`, `update-older`,
 * `update-without-space`, `update-not-found`, `update-failed`
 */
export async function applyUpdate(what: string, options: ApplyOptions): Promise<ExitCode> {
  if (process.getuid?.() !== 0) throw refusal('update-not-permitted');
  if (!existsSync(unitOfPackage)) throw refusal('update-of-checkout');
  if (run('flock', ['--nonblock', lock, 'true']).status !== 0) throw refusal('update-running');
  if (what === 'latest') return applyLatest();
  if (!existsSync(what)) throw refusal('update-not-found', { path: what });
  // apt reads what was verified: nobody else can change it here.
  const folder = mkdtempSync('/var/tmp/rollcall-update-');
  try {
    const file = join(folder, 'rollcall.deb');
    copyFileSync(what, file);
    verify(what, file, options.keyring);
    const isNews = await suits(file, what, options.allowDowngrade === true);
    if (!isNews) return exitCodes.done;
    const downgrade = options.allowDowngrade === true ? ['--allow-downgrades'] : [];
    return install([...downgrade, '-o', 'APT::Sandbox::User=root', file]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function applyLatest(): ExitCode {
  if (show('apt-get', ['update', '--error-on=any', ...aptOptions]) !== 0)
    throw failure('update-without-repository');
  const policy = run('apt-cache', ['policy', 'rollcall']).stdout;
  const candidate = /Candidate: (\S+)/.exec(policy)?.[1];
  if (candidate === undefined || candidate === installedVersion()) return upToDate();
  return install(['--only-upgrade', 'rollcall']);
}

function upToDate(): ExitCode {
  process.stdout.write(`rollcall ${installedVersion()} is installed, and there is nothing newer.\n`);
  return exitCodes.done;
}

function install(args: readonly string[]): ExitCode {
  if (show('apt-get', ['install', ...aptOptions, ...args]) !== 0) throw failure('update-failed');
  return exitCodes.done;
}

/** @throws `update-unsigned` unless the signature of `path` fits to its copy `file` */
function verify(path: string, file: string, keyring: string): void {
  const signature = `${path}.asc`;
  if (!existsSync(signature)) throw refusal('update-unsigned:without', { path, signature });
  if (!existsSync(keyring)) throw refusal('update-unsigned:keyless', { path, keyring });
  // apt of Debian 12 needs gpgv, that of Debian 13 sqv.
  const verifier = ['/usr/bin/gpgv', '/usr/bin/sqv'].find((each) => existsSync(each)) ?? 'gpgv';
  const { status, stderr } = run(verifier, ['--keyring', keyring, signature, file]);
  if (status !== 0)
    throw refusal('update-unsigned', { path, keyring, reason: stderr.trim().split('\n').at(-1) ?? '' });
}

/** Whether the file has another version than the installed one. @throws unless this box can take it */
async function suits(file: string, path: string, allowsOlder: boolean): Promise<boolean> {
  const fieldOf = (name: string): string => run('dpkg-deb', ['--field', file, name]).stdout.trim();
  const name = fieldOf('Package');
  if (name !== 'rollcall') throw refusal('update-foreign', { path });
  const architecture = fieldOf('Architecture');
  const own = run('dpkg', ['--print-architecture']).stdout.trim();
  if (architecture !== own) throw refusal('update-foreign:architecture', { path, architecture, own });
  const version = fieldOf('Version');
  const installed = installedVersion();
  if (version === installed && isConfigured()) {
    upToDate();
    return false;
  }
  const isOlder = run('dpkg', ['--compare-versions', version, 'lt', installed]).status === 0;
  if (isOlder && !allowsOlder) throw refusal('update-older', { version, installed });
  const neededBytes = Number(fieldOf('Installed-Size')) * 1024 + spareBytes;
  const freeBytes = await freeBytesAt('/opt');
  if (freeBytes < neededBytes)
    throw refusal('update-without-space', {
      neededMB: Math.ceil(neededBytes / 1e6),
      freeMB: Math.floor(freeBytes / 1e6),
    });
  return true;
}

const statusOf = (field: string): string =>
  run('dpkg-query', ['--show', '--showformat', `\${${field}}`, 'rollcall']).stdout.trim();
const installedVersion = (): string => statusOf('Version');
/** False after an update that went back or was interrupted: then the same version is tried again. */
const isConfigured = (): boolean => statusOf('db:Status-Status') === 'installed';

const environment = { ...process.env, LC_ALL: 'C.UTF-8', DEBIAN_FRONTEND: 'noninteractive' };
const run = (program: string, args: readonly string[]) =>
  spawnSync(program, args, { encoding: 'utf8', env: environment });
/** Shows what the program says, and returns its exit code. Where it was killed or is missing: null. */
const show = (program: string, args: readonly string[]): number | null =>
  spawnSync(program, args, { stdio: ['ignore', 'inherit', 'inherit'], env: environment }).status;
