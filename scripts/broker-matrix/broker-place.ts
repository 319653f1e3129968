import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exitOf, hasEnded } from '../child-end.js';

/** Where brokers are installed: this machine, or the root of another Debian release. */
export interface BrokerPlace {
  readonly name: string;
  /** `/`, or the folder of the root. */
  readonly root: string;
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The command line and the environment that run a program in the place. A root gets the processes of this machine as its /proc. */
function inPlace({ root }: BrokerPlace, command: readonly string[], env: Readonly<Record<string, string>>) {
  const enter = 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"';
  const [program = '', ...args] =
    root === '/' ? command : ['unshare', '--mount', 'sh', '-c', enter, root, ...command];
  return { program, args, env: { PATH: path, LC_ALL: 'C.UTF-8', ...env } };
}

/** Runs a program to its end and returns all that it printed; empty where it is not installed. */
export function outputIn(
  place: BrokerPlace,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): string {
  const { program, args, env: whole } = inPlace(place, command, env);
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', env: whole });
  return `${stdout ?? ''}${stderr ?? ''}`;
}

/** A folder that the brokers of a place see under another name. */
export interface PlaceFolder extends Disposable {
  /** The name of a file for the broker. */
  at(name: string): string;
  /** Writes a file that only its owner reads, and returns its name for the broker. */
  write(name: string, text: string): string;
  /** Makes a folder in it a file system of its own that `exhaust` fills. */
  smallDisk(name: string, mebibytes: number): SmallDisk;
}

export interface SmallDisk {
  exhaust(): Promise<void>;
  relieve(): Promise<void>;
}

export function folderIn({ root }: BrokerPlace): PlaceFolder {
  const folder = mkdtempSync(join(root, 'tmp/rollcall-broker-'));
  const inside = root === '/' ? folder : folder.slice(root.length);
  const disks: string[] = [];
  return {
    at: (name) => join(inside, name),
    write(name, text) {
      writeFileSync(join(folder, name), text, { mode: 0o600 });
      return join(inside, name);
    },
    smallDisk(name, mebibytes) {
      const path = join(folder, name);
      mkdirSync(path);
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=0700`, 'tmpfs', path]);
      disks.push(path);
      return {
        async exhaust() {
          // Ends with "no space left on device".
          spawnSync('dd', ['if=/dev/zero', `of=${join(path, 'ballast')}`, 'bs=4096']);
        },
        relieve: async () => rmSync(join(path, 'ballast')),
      };
    },
    [Symbol.dispose]() {
      for (const disk of disks) execFileSync('umount', [disk]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A running broker with everything that it started. */
export interface BrokerProcess {
  /** Sends a signal to all its processes; does nothing once it has ended. */
  signal(name: NodeJS.Signals): void;
  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void>;
  hasEnded(): boolean;
  /** What it printed last. */
  log(): string;
}

export function startIn(
  place: BrokerPlace,
  command: readonly string[],
  env: Readonly<Record<string, string>> = {},
): BrokerProcess {
  const { program, args, env: whole } = inPlace(place, command, env);
  const child: ChildProcess = spawn(program, args, {
    env: whole,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const note = (text: string): void => {
    log = (log + text).slice(-200_000);
  };
  child.stdout?.setEncoding('utf8').on('data', note);
  child.stderr?.setEncoding('utf8').on('data', note);
  child.on('error', (error) => note(error.message));
  const signal = (name: NodeJS.Signals): void => {
    try {
      // It leads a group of its own.
      if (child.pid !== undefined) process.kill(-child.pid, name);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  };
  return {
    signal,
    async kill() {
      signal('SIGKILL');
      if (child.pid !== undefined) await exitOf(child);
    },
    hasEnded: () => child.pid === undefined || hasEnded(child),
    log: () => log,
  };
}
