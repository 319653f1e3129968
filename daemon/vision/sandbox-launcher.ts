import { existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { delimiter, dirname, isAbsolute, join } from 'node:path';
import { finished } from 'node:stream/promises';
import { programRoot } from '../host/program-files.js';
import { compileSystemCallFilter } from '../host/system-call-filter.js';
import { isRollcallError } from '../kernel/errors.js';
import type { Isolation } from '../kernel/isolation.js';
import { said, verbatim } from '../kernel/said.js';
import { inEnglish } from '../words/language.js';
import { launchChild, niceCommand, nicenessOf, visionCommand } from './launched-child.js';
import type { Launch, LauncherProbe, VisionLauncher } from './vision-launcher.js';

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

/**
 * `AF_UNIX`, `AF_INET`, and `AF_INET6`: the sockets that a vision process makes. Others need no file and no network, and lead into the kernel
 * (netlink, encryption), or out of a virtual machine (vsock).
 */
const socketFamilies = [1, 2, 10];

/** Below `/etc`: what the loader, TLS, and GPU drivers read. No accounts, no settings, no secrets. */
const systemSettings = [
  ...[
    'ld.so.cache',
    'alternatives',
    'localtime',
    'ssl/certs',
    'ssl/openssl.cnf',
    'vulkan',
    'glvnd',
    'OpenCL',
  ],
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
 * What this sandbox leaves open: namespaces know no budgets, and the folder for live frames is on a disk unless the
 * box puts it elsewhere. Only a unit of systemd closes these gaps.
 */
const isolation: Isolation = { level: 'partial', gaps: ['memory', 'disk'] };

/**
 * Whether bubblewrap works here for this user, by default that of this process: it may be missing, and a kernel or a container may
 * forbid user namespaces, to all or to all but root. Starts Node.js exactly as a vision process is started.
 */
export async function probeSandbox(user?: number): Promise<LauncherProbe> {
  if (!existsSync(bubblewrap))
    return inEnglish({
      reason: said('isolation/no-bubblewrap'),
      remedy: said('isolation/remedy-no-bubblewrap'),
    });
  const remedy = said('isolation/remedy-no-sandbox');
  try {
    const launcher = sandboxLauncher(
      await compileSystemCallFilter({ refused: refusedCalls, families: socketFamilies }),
    );
    const problem = await tryStart(launcher, user);
    return problem === undefined
      ? launcher
      : inEnglish({ reason: said('isolation/no-sandbox', { problem }), remedy });
  } catch (error) {
    if (!isRollcallError(error)) throw error;
    const { message, says } = error;
    return inEnglish({ reason: says?.message ?? verbatim(message), remedy: says?.remedy ?? remedy });
  }
}

/** Seconds where the machine is busy. */
const trialMs = 30_000;

/** Why nothing can be started; undefined where it can. */
async function tryStart(launcher: VisionLauncher, user: number | undefined): Promise<string | undefined> {
  const trial: Launch = { purpose: 'photographs', program: ['--version'], readable: [], user };
  const launched = launcher.launch(trial);
  const tooLong = setTimeout(() => launched.kill(), trialMs);
  launched.channel.on('error', () => undefined).resume();
  let said = '';
  for (const stream of launched.log) stream.on('data', (chunk: Buffer) => (said += chunk.toString('utf8')));
  const read = launched.log.map((stream) => finished(stream).catch(() => undefined));
  const [end] = await Promise.all([launched.ended, ...read]);
  clearTimeout(tooLong);
  launched.channel.destroy();
  if (end === 'it exited with code 0') return undefined;
  return said.trim() === '' ? end : said.trim().replaceAll(/\s*\n\s*/g, '; ');
}

/** Starts each vision process in namespaces of its own: it sees the program, its networks and an empty `/tmp`, and no other process. */
function sandboxLauncher(filter: Buffer): VisionLauncher {
  return {
    isolation,
    launch(launch) {
      const limits = [
        `--nproc=${Math.min(mostProcesses, hardLimit('Max processes'))}`,
        `--fsize=${Math.min(largestFileBytes, hardLimit('Max file size'))}`,
        '--core=0',
      ];
      const ranked = ['/bin/sh', '-c', rankSession, 'sh', String(nicenessOf(launch.purpose))];
      const inside = [...ranked, '/usr/bin/prlimit', ...limits, '--', ...visionCommand(launch)];
      const descriptors = ['--info-fd', String(infoFd), '--seccomp', String(filterFd)];
      const outside = [bubblewrap, ...walls(launch), ...descriptors, '--', ...inside];
      const [program, args] = niceCommand(launch.purpose, outside);
      return launchChild({ program, arguments: args }, launch, { input: filter, pidFrom });
    },
  };
}

/**
 * Gives the session the niceness that its processes have, then becomes the command. The sandbox is a session of its own, and Linux
 * compares the niceness of processes within one session only (sched(7), autogroup). The kernel takes ten such changes a second.
 */
const rankSession = `
for attempt in 1 2 3 4 5; do
  [ -w /proc/self/autogroup ] || break
  (echo "$1" >/proc/self/autogroup) 2>/dev/null && break
  sleep 0.1
done
shift
exec "$@"`;

/** The limit that this process cannot exceed, and that nothing in a sandbox could raise. */
function hardLimit(name: string): number {
  const line = new RegExp(`^${name} +\\S+ +(\\d+) `, 'm').exec(readFileSync('/proc/self/limits', 'utf8'));
  return line === null ? Number.POSITIVE_INFINITY : Number(line[1]);
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
  ];
  // Where networks and an FFmpeg of the owner may lie, too. Another user may not reach the folders of this one.
  const beside = [
    ...[join(root, 'models'), ...launch.readable].flatMap(linkedFolders),
    ...searched('PATH').flatMap((path) => [path, join(path, '../lib'), join(path, '../lib64')]),
    ...searched('LD_LIBRARY_PATH'),
  ].filter((path) => launch.user === undefined || isOpenToAll(path));
  return [
    ...['--unshare-user', '--disable-userns', '--unshare-pid', '--unshare-ipc', '--unshare-uts'],
    ...['--unshare-cgroup-try', '--unshare-net'],
    ...['--cap-drop', 'ALL', '--die-with-parent', '--new-session', '--as-pid-1'],
    ...['--ro-bind', '/usr', '/usr'],
    ...['bin', 'sbin', 'lib', 'lib32', 'lib64', 'libx32'].flatMap(systemFolder),
    ...systemSettings.flatMap((name) => readOnly(join('/etc', name))),
    ...['--proc', '/proc', '--dev', '/dev'],
    ...gpuDevices.flatMap((path) => ['--dev-bind-try', path, path]),
    ...hardwareFolders.flatMap(readOnly),
    ...['--perms', '1777', '--size', String(temporaryBytes), '--tmpfs', '/tmp', '--setenv', 'TMPDIR', '/tmp'],
    ...[...beside, ...readable].flatMap(readOnly),
    ...(launch.linesFolder === undefined ? [] : ['--ro-bind', launch.linesFolder, launch.linesFolder]),
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

/** Where links directly in this folder lead: an installed program keeps its networks beside its releases. */
function linkedFolders(folder: string): readonly string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isSymbolicLink() && existsSync(join(folder, entry.name)))
    .map((entry) => realpathSync(join(folder, entry.name)));
}

/** Whether every user may read it. */
function isOpenToAll(path: string): boolean {
  if (!existsSync(path)) return false;
  const real = realpathSync(path);
  if ((statSync(real).mode & 0o004) === 0) return false;
  for (let at = real; at !== '/'; at = dirname(at)) {
    const found = statSync(at);
    if (found.isDirectory() && (found.mode & 0o001) === 0) return false;
  }
  return true;
}

/**
 * Folders outside of `/usr` in which the loader or a shell looks: an FFmpeg of the owner, libraries of a GPU. `/sbin` mostly leads into
 * `/usr` and is a link in the sandbox, onto which bubblewrap 0.12 mounts nothing.
 */
const searched = (variable: string): readonly string[] =>
  (process.env[variable] ?? '')
    .split(delimiter)
    .filter((path) => isAbsolute(path) && existsSync(path) && !realpathSync(path).startsWith('/usr/'));
