import { execFileSync } from 'node:child_process';
import { type CommandResult, runProgram } from './box.js';
import { root } from './built.js';
import { sharedFile } from './shared-media.js';
import { temporaryDirectory } from './temporary-directory.js';

/** A machine of its own where Debian's systemd is process 1: what it writes lies in memory, its network is a loopback. */
export interface BootedBox extends AsyncDisposable {
  /** Runs lines of bash as root in the checkout, up to the first that fails. */
  run(script: string, input?: string): Promise<CommandResult>;
  /** The same, for lines that must succeed; resolves with what they wrote to standard output. */
  must(script: string, input?: string): Promise<string>;
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

/**
 * Starts the machine, and shows it the checkout under a layer of its own in memory. Arguments: the checkout, a folder to
 * mount on, the tool, and the machine's name. The checkout is named by ".", because commas and colons separate options
 * of an overlay.
 */
const startScript = `
cd "$1"
mount -t tmpfs tmpfs "$2"
mkdir "$2"/upper "$2"/work "$2"/merged
mount -t overlay overlay -o "lowerdir=.,upperdir=$2/upper,workdir=$2/work" "$2"/merged
exec "$3" start "$4" "$2/merged:${checkoutOfBox}"`;

/** Boots one. It sees the checkout at `checkoutOfBox`; changes that it makes there are its own. */
export async function bootBox(): Promise<BootedBox> {
  const name = `rollcall-${process.pid}`;
  await using layers = await temporaryDirectory();
  const namespace = ['--mount', '--propagation', 'private'];
  const script = ['bash', '-euo', 'pipefail', '-c', startScript, 'start'];
  const started = await runProgram('unshare', [
    ...namespace,
    ...script,
    ...[root, layers.path, tool.path, name],
  ]);
  if (started.exitCode !== 0) throw new Error(`the machine did not boot: ${started.stderr}`);
  // Bash takes a socket as standard input, which it has here, for a login from afar, and reads .bashrc.
  const run = (script: string, input = ''): Promise<CommandResult> =>
    runProgram(
      tool.path,
      ['exec', name, 'bash', '--norc', '-euo', 'pipefail', '-c', `cd ${checkoutOfBox}\n${script}`],
      process.env,
      input,
    );
  return {
    run,
    async must(script, input) {
      const { exitCode, stdout, stderr } = await run(script, input);
      if (exitCode !== 0) {
        const log = await run('journalctl --unit rollcalld --lines 20 --output cat --no-pager');
        throw new Error(`exit code ${exitCode} of:\n${script}\n${stdout}\n${stderr}\n${log.stdout}`);
      }
      return stdout;
    },
    async [Symbol.asyncDispose]() {
      await runProgram(tool.path, ['stop', name]);
    },
  };
}
