import { execFile } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { promisify } from 'node:util';
import { programRoot } from '../host/program-files.js';
import { compileSystemCallFilter } from '../host/system-call-filter.js';
import { isRollcallError, messageOf } from '../kernel/errors.js';
import type { Isolation } from '../kernel/isolation.js';
import { launchChild, niceCommand, visionCommand } from './launched-child.js';
import type { Launch, VisionLauncher } from './vision-launcher.js';

const bubblewrap = '/usr/bin/bwrap';

/** Descriptors of the surrounding bwrap; see `ChildPipes`. */
const infoFd = 4;
const filterFd = 5;

const mebibyte = 1024 * 1024;
/** Processes and threads in one sandbox: each camera has an FFmpeg with about 20 threads. The kernel counts them per user namespace. */
const mostProcesses = 2048;
/** Largest file, bytes: clips of 32 MiB are the largest files that a vision process writes. */
const largestFileBytes = 64 * mebibyte;
const temporaryBytes = 256 * mebibyte;

/** System calls that reach into other processes or into the kernel, and that no part of a vision process uses. */
const refusedCalls = [
  ...['ptrace', 'process_vm_readv', 'process_vm_writev', 'kcmp', 'pidfd_getfd', 'process_madvise'],
  ...['bpf', 'perf_event_open', 'userfaultfd', 'io_uring_setup', 'io_uring_enter', 'io_uring_register'],
  ...['add_key', 'request_key', 'keyctl', 'unshare', 'setns', 'chroot', 'pivot_root'],
  ...['mount', 'umount', 'umount2', 'move_mount', 'open_tree', 'mount_setattr'],
  ...['fsopen', 'fsmount', 'fsconfig', 'fspick', 'name_to_handle_at', 'open_by_handle_at'],
  ...['init_module', 'finit_module', 'delete_module', 'kexec_load', 'kexec_file_load', 'reboot'],
  ...['swapon', 'swapoff', 'acct', 'quotactl', 'syslog', 'vhangup', 'iopl', 'ioperm', 'modify_ldt'],
  ...['settimeofday', 'clock_settime', 'clock_adjtime', 'adjtimex', 'sethostname', 'setdomainname'],
  ...['move_pages', 'migrate_pages', 'lookup_dcookie', 'fanotify_init', 'uselib', 'nfsservctl'],
];

/** Below `/etc`: what the loader, name resolution, TLS and GPU drivers read. No accounts, no settings, no secrets. */
const systemSettings = [
  ...['ld.so.cache', 'alternatives', 'localtime', 'resolv.conf', 'hosts', 'host.conf', 'nsswitch.conf'],
  ...['gai.conf', 'services', 'protocols', 'ssl/certs', 'ssl/openssl.cnf', 'vulkan', 'glvnd', 'OpenCL'],
];
/** Below the root of the program. A checkout may hold data beside them. */
const programFolders = ['daemon', 'dist', 'models', 'node_modules', 'package.json', 'tsconfig.json'];
/** The same for a program in the place of vision. */
const trialFolders = ['test', 'scripts'];
/** What programs read to count processors and to find a GPU. */
const hardwareFolders = ['/sys/devices', '/sys/dev', '/sys/class', '/sys/bus'];
const gpuDevices = [
  ...['/dev/dri', '/dev/nvidiactl', '/dev/nvidia-uvm', '/dev/nvidia-uvm-tools', '/dev/nvidia-modeset'],
  ...Array.from({ length: 8 }, (_, index) => `/dev/nvidia${index}`),
];

/**
 * What this sandbox leaves open: namespaces know neither addresses nor budgets, and the folder for live frames is on a disk unless the
 * box puts it elsewhere. Only a unit of systemd closes these gaps.
 */
const isolation: Isolation = { level: 'partial', gaps: ['network', 'memory', 'disk'] };

/** A launcher, or why there is none. */
export type Probe = VisionLauncher | NonNullable<Isolation['why']>;

/** Whether bubblewrap works here: it may be missing, and a kernel or a container may forbid user namespaces. */
export async function probeSandbox(): Promise<Probe> {
  if (!existsSync(bubblewrap)) {
    const remedy = 'Install the Debian package bubblewrap.';
    return { reason: 'bubblewrap is not installed', remedy };
  }
  const remedy =
    'Allow user namespaces for the user of rollcalld (sysctl user.max_user_namespaces; kernel.unprivileged_userns_clone and AppArmor where they exist). The service that scripts/install sets up forbids them: keep its cameras in a network of their own (docs/explanation/isolation.md).';
  try {
    const filter = await compileSystemCallFilter(refusedCalls);
    const trial: Launch = { purpose: 'photographs', readable: [] };
    const args = [...walls(trial), '--', '/usr/bin/true'];
    await promisify(execFile)(bubblewrap, args, { timeout: trialMs });
    return sandboxLauncher(filter);
  } catch (error) {
    if (isRollcallError(error)) return { reason: error.message, remedy: error.remedy ?? remedy };
    return { reason: `bubblewrap cannot make a sandbox here: ${explain(error)}`, remedy };
  }
}

/** Seconds where the machine is busy. */
const trialMs = 30_000;

/** The line that bwrap writes, without the command line that Node.js puts before it. */
function explain(error: unknown): string {
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
  return said === '' ? messageOf(error) : said.replaceAll(/\s*\n\s*/g, '; ');
}

/** Starts each vision process in namespaces of its own: it sees the program, its networks and an empty `/tmp`, and no other process. */
function sandboxLauncher(filter: Buffer): VisionLauncher {
  return {
    isolation,
    launch(launch) {
      const limits = [`--nproc=${mostProcesses}`, `--fsize=${largestFileBytes}`, '--core=0'];
      const inside = ['/usr/bin/prlimit', ...limits, '--', ...visionCommand(launch)];
      const descriptors = ['--info-fd', String(infoFd), '--seccomp', String(filterFd)];
      const outside = [bubblewrap, ...walls(launch), ...descriptors, '--', ...inside];
      const [program, args] = niceCommand(launch.purpose, outside);
      return launchChild({ program, arguments: args }, launch, { input: filter, pidFrom });
    },
  };
}

/** bwrap reports the id that the process has outside. */
function pidFrom(info: string): number | undefined {
  const pid = /"child-pid":\s*(\d+)/.exec(info)?.[1];
  return pid === undefined ? undefined : Number(pid);
}

function walls(launch: Launch): readonly string[] {
  const root = programRoot();
  const readable = [
    ...[...programFolders, ...(launch.program === undefined ? [] : trialFolders)].map((name) =>
      join(root, name),
    ),
    ...launch.readable,
    process.execPath,
    // Another user may not reach the folders of this one.
    ...(launch.user === undefined ? [...searched('PATH'), ...searched('LD_LIBRARY_PATH')] : []),
  ];
  return [
    ...['--unshare-user', '--disable-userns', '--unshare-pid', '--unshare-ipc', '--unshare-uts'],
    ...['--unshare-cgroup-try', ...(launch.purpose === 'photographs' ? ['--unshare-net'] : [])],
    ...['--cap-drop', 'ALL', '--die-with-parent', '--new-session', '--as-pid-1'],
    ...['--ro-bind', '/usr', '/usr'],
    ...['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'].flatMap(systemFolder),
    ...systemSettings.flatMap((name) => readOnly(join('/etc', name))),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...gpuDevices.flatMap((path) => ['--dev-bind-try', path, path]),
    ...hardwareFolders.flatMap(readOnly),
    ...['--perms', '1777', '--size', String(temporaryBytes), '--tmpfs', '/tmp', '--setenv', 'TMPDIR', '/tmp'],
    ...readable.flatMap(readOnly),
    ...(launch.liveFolder === undefined ? [] : ['--bind-try', launch.liveFolder, launch.liveFolder]),
    ...['--remount-ro', '/', '--chdir', root],
  ];
}

/** At its own path. A link is followed, so that its content is there. */
function readOnly(path: string): readonly string[] {
  return existsSync(path) ? ['--ro-bind', realpathSync(path), path] : [];
}

/** `/bin` is a link to `/usr/bin` on Debian, and a folder on other systems. */
function systemFolder(name: string): readonly string[] {
  const path = `/${name}`;
  if (!existsSync(path)) return [];
  const real = realpathSync(path);
  return real === path ? ['--ro-bind', path, path] : ['--symlink', real.slice(1), path];
}

/** Folders outside of `/usr` in which the loader or a shell looks: an FFmpeg of the owner, libraries of a GPU. */
const searched = (variable: string): readonly string[] =>
  (process.env[variable] ?? '')
    .split(delimiter)
    .filter((path) => isAbsolute(path) && !path.startsWith('/usr/'));
