import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type CommandResult, runProgram } from './box.js';
import { root } from './built.js';
import { sharedFile } from './shared-media.js';
import { temporaryDirectory } from './temporary-directory.js';
import { until } from './until.js';

/** A machine of its own where Debian's systemd is process 1: what it writes lies in memory, its network is a loopback. */
export interface BootedBox extends AsyncDisposable {
  /** Runs lines of bash as root in the checkout, up to the first that fails. */
  run(script: string, input?: string): Promise<CommandResult>;
  /** The same, for lines that must succeed; resolves with what they wrote to standard output. */
  must(script: string, input?: string): Promise<string>;
  /**
   * Shows its systemd the control groups of version 1 that hold the limits on memory and processes on this kernel, and which it then uses.
   * Nothing where there are none. Programs that systemd attaches to units count no longer.
   */
  showLimits(): Promise<void>;
}

const tool = sharedFile('tools/systemd-box');

/** For a test's `skip`: why no machine can be booted here, or false. */
export const withoutBootedBox: string | false = reasonNotToBoot();

function reasonNotToBoot(): string | false {
  if (tool.skip !== false) return tool.skip;
  if (process.getuid?.() !== 0) return 'a machine can only be booted by root';
  try {
    execFileSync('unshare', ['--mount', '--pid', '--cgroup', '--net', '--fork', 'true'], { stdio: 'ignore' });
    return false;
  } catch {
    return 'this machine does not allow namespaces of its own';
  }
}

/**
 * Where the machine sees the checkout, wherever it lies outside: the boot empties /tmp, and units that protect home
 * directories or have a /tmp of their own see nothing below those.
 */
export const checkoutOfBox = '/srv/checkout';

/** Hierarchies of control groups of version 1 that systemd needs for limits on memory and processes, and for itself. */
const hierarchies = ['memory', 'pids', 'systemd'];

/**
 * A group for the machine in each of these, where this kernel keeps its limits in version 1: the machine has only version 2, so its
 * systemd would limit nothing. Empty elsewhere.
 */
function groupsOf(name: string): readonly string[] {
  if (!hierarchies.every((each) => existsSync(join('/sys/fs/cgroup', each, 'tasks')))) return [];
  const own = readFileSync('/proc/self/cgroup', 'utf8');
  return hierarchies.map((each) => {
    const [, path = '/'] = new RegExp(`^\\d+:(?:name=)?${each}:(.*)$`, 'm').exec(own) ?? [];
    return join('/sys/fs/cgroup', each, path, name);
  });
}

/** Shows these hierarchies to systemd beside version 2, and lets it look again. */
const limitScript = `
mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
cd /sys/fs/cgroup
mkdir unified memory pids systemd
mount -t cgroup2 cgroup2 unified
mount -t cgroup -o memory cgroup memory
mount -t cgroup -o pids cgroup pids
mount -t cgroup -o none,name=systemd cgroup systemd
systemctl daemon-reexec`;

/**
 * Starts the machine, and shows it the checkout under a layer of its own in memory. Arguments: the checkout, a folder to
 * mount on, the tool, the machine's name, and its groups. The checkout is named by ".", because commas and colons separate
 * options of an overlay.
 */
const startScript = `
for group in "\${@:5}"; do
  mkdir "$group"
  echo $$ > "$group/cgroup.procs"
done
cd "$1"
mount -t tmpfs tmpfs "$2"
mkdir "$2"/upper "$2"/work "$2"/merged
mount -t overlay overlay -o "lowerdir=.,upperdir=$2/upper,workdir=$2/work" "$2"/merged
exec "$3" start "$4" "$2/merged:${checkoutOfBox}"`;

/** The tool gives up a machine that has not booted in 30 s. On a busy one, it goes on to boot, so its systemd is asked. */
async function hasBootedLate(name: string, said: string): Promise<void> {
  if (!said.includes('did not boot in')) throw new Error(`the machine did not boot: ${said}`);
  await until('the machine to boot', async () => {
    const { stdout } = await runProgram(tool.path, ['exec', name, 'systemctl', 'is-system-running']);
    return /^(?:running|degraded)$/m.test(stdout);
  });
}

/** Boots one. It sees the checkout at `checkoutOfBox`; changes that it makes there are its own. */
export async function bootBox(): Promise<BootedBox> {
  const name = `rollcall-${process.pid}`;
  const groups = groupsOf(name);
  await using layers = await temporaryDirectory();
  const namespace = ['--mount', '--propagation', 'private'];
  const script = ['bash', '-euo', 'pipefail', '-c', startScript, 'start'];
  const started = await runProgram('unshare', [
    ...namespace,
    ...script,
    ...[root, layers.path, tool.path, name, ...groups],
  ]);
  const stop = async (): Promise<void> => {
    await runProgram(tool.path, ['stop', name]);
    // The kernel keeps a group until the last process in it is gone.
    await until('the groups of the machine to be empty', async () => {
      for (const group of groups.filter((each) => existsSync(each)))
        await runProgram('find', [group, '-depth', '-type', 'd', '-exec', 'rmdir', '{}', ';']);
      return !groups.some((group) => existsSync(group));
    });
  };
  try {
    if (started.exitCode !== 0) await hasBootedLate(name, started.stderr);
  } catch (error) {
    await stop();
    throw error;
  }
  // Bash takes a socket as standard input, which it has here, for a login from afar, and reads .bashrc.
  const run = (script: string, input = ''): Promise<CommandResult> =>
    runProgram(
      tool.path,
      ['exec', name, 'bash', '--norc', '-euo', 'pipefail', '-c', `cd ${checkoutOfBox}\n${script}`],
      process.env,
      input,
    );
  const box: BootedBox = {
    run,
    async must(script, input) {
      const { exitCode, stdout, stderr } = await run(script, input);
      if (exitCode !== 0) {
        const log = await run('journalctl --unit rollcalld --lines 20 --output cat --no-pager');
        throw new Error(`exit code ${exitCode} of:\n${script}\n${stdout}\n${stderr}\n${log.stdout}`);
      }
      return stdout;
    },
    async showLimits() {
      if (groups.length > 0) await box.must(limitScript);
    },
    [Symbol.asyncDispose]: stop,
  };
  return box;
}
