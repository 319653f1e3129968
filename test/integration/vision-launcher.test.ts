import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { getPriority } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { plainLauncher } from '../../daemon/vision/plain-launcher.js';
import { probeSandbox } from '../../daemon/vision/sandbox-launcher.js';
import type { LaunchedVision, VisionLauncher } from '../../daemon/vision/vision-launcher.js';
import { rogueProgram } from '../support/rogue-vision.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

const sandbox = await probeSandbox();

/** A process that waits for orders: a hostile one that has none to follow. */
const launch = (launcher: VisionLauncher): LaunchedVision =>
  launcher.launch({ purpose: 'cameras', program: rogueProgram('late'), readable: [] });

/** A line of /proc/PID/status or /proc/PID/limits. */
function factOf(pid: number, file: 'status' | 'limits', name: string): string {
  const line = readFileSync(`/proc/${pid}/${file}`, 'utf8')
    .split('\n')
    .find((each) => each.startsWith(name));
  return line?.slice(name.length).trim() ?? '';
}

/** A field of /proc/PID/stat, counted from 0 after the name. */
function statOf(pid: number | 'self', field: number): string {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field] ?? '';
}

/** Where file systems are mounted for a process. */
const mountsOf = (pid: number | 'self'): readonly string[] =>
  readFileSync(`/proc/${pid}/mountinfo`, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '');

/** The id, once the process runs the program: what surrounds it has set its limits by then. */
async function pidOf(launched: LaunchedVision): Promise<number> {
  await until('the program to run', () => {
    const { pid } = launched;
    return pid !== undefined && /^node/.test(factOf(pid, 'status', 'Name:'));
  });
  return launched.pid ?? assert.fail('it has no id');
}

for (const [name, launcher, skip] of [
  ['without a sandbox', plainLauncher(undefined), false],
  ['in a sandbox', 'launch' in sandbox ? sandbox : undefined, 'launch' in sandbox ? false : sandbox.reason],
] as const) {
  describe(`a vision process ${name}`, { skip }, () => {
    test('cannot gain privileges, writes no core dump, and gives way to the core', async () => {
      const launched = launch(launcher ?? assert.fail('no launcher'));
      try {
        const pid = await pidOf(launched);
        assert.equal(factOf(pid, 'status', 'NoNewPrivs:'), '1');
        assert.match(factOf(pid, 'limits', 'Max core file size'), /^0 +0 /);
        const own = Number(readFileSync('/proc/self/stat', 'utf8').split(' ')[18]);
        assert.equal(Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(' ')[18]), Math.min(19, own + 2));
      } finally {
        launched.kill();
        await launched.ended;
      }
    });

    test('ends by a signal that is named, also if only the process inside is killed', async () => {
      const launched = launch(launcher ?? assert.fail('no launcher'));
      process.kill(await pidOf(launched), 'SIGKILL');
      assert.equal(await launched.ended, 'it was ended by SIGKILL');
    });
  });
}

test('a sandbox can be made wherever bubblewrap is installed and the kernel allows user namespaces', {
  skip:
    (!existsSync('/usr/bin/bwrap') && 'bubblewrap is not installed') ||
    (spawnSync('unshare', ['--user', 'true']).status !== 0 && 'this machine forbids user namespaces'),
}, () => {
  assert.ok('launch' in sandbox, 'launch' in sandbox ? '' : sandbox.reason);
});

describe('a vision process in a sandbox', { skip: 'launch' in sandbox ? false : sandbox.reason }, () => {
  test('has no capability, a filter of system calls, and a limit of processes', async () => {
    const launched = launch('launch' in sandbox ? sandbox : assert.fail('no launcher'));
    try {
      const pid = await pidOf(launched);
      assert.equal(BigInt(`0x${factOf(pid, 'status', 'CapEff:')}`), 0n);
      assert.equal(BigInt(`0x${factOf(pid, 'status', 'CapBnd:')}`), 0n);
      assert.equal(factOf(pid, 'status', 'Seccomp:'), '2');
      assert.match(factOf(pid, 'limits', 'Max processes'), /^2048 /);
    } finally {
      launched.kill();
      await launched.ended;
    }
  });

  const inSandbox = (): VisionLauncher => ('launch' in sandbox ? sandbox : assert.fail('no launcher'));

  test('is out of reach of Ctrl-C in the terminal of the daemon, with all that surrounds it', async () => {
    const launched = launch(inSandbox());
    try {
      const surrounding = Number(factOf(await pidOf(launched), 'status', 'PPid:'));
      assert.equal(factOf(surrounding, 'status', 'Name:'), 'bwrap');
      assert.notEqual(statOf(surrounding, 2), statOf('self', 2), 'the process group');
    } finally {
      launched.kill();
      await launched.ended;
    }
  });

  test('sees the processors and the devices of the machine', async () => {
    const launched = launch(inSandbox());
    try {
      const seen = `/proc/${await pidOf(launched)}/root`;
      for (const folder of ['/sys/devices/system/cpu', '/sys/class']) {
        assert.equal(existsSync(join(seen, folder)), existsSync(folder), folder);
      }
    } finally {
      launched.kill();
      await launched.ended;
    }
  });

  test('has nothing but Node.js mounted below /usr, wherever links of the search path lead', async () => {
    const links = await temporaryDirectory();
    const [before, link] = [process.env['PATH'], join(links.path, 'tools')];
    await symlink('/usr/sbin', link);
    process.env['PATH'] = `${before}:/bin:/sbin:${link}`;
    const launched = launch(inSandbox());
    try {
      const inside = mountsOf(await pidOf(launched));
      assert.ok(inside.includes('/usr'));
      const expected = [...mountsOf('self'), process.execPath];
      assert.deepEqual(
        inside.filter((place) => place.startsWith('/usr/') && !expected.includes(place)),
        [],
      );
    } finally {
      process.env['PATH'] = before;
      launched.kill();
      await launched.ended;
      await links[Symbol.asyncDispose]();
    }
  });

  test('gives way to the core as a session, too', {
    skip: existsSync('/proc/self/autogroup') ? false : 'this kernel has no groups of sessions',
  }, async () => {
    const launched = launch(inSandbox());
    try {
      const group = readFileSync(`/proc/${await pidOf(launched)}/autogroup`, 'utf8');
      assert.match(group, new RegExp(` nice ${Math.min(19, getPriority() + 2)}$`, 'm'));
    } finally {
      launched.kill();
      await launched.ended;
    }
  });

  test('reads networks that lie behind a link', async () => {
    await using directory = await temporaryDirectory();
    const [networks, models] = [join(directory.path, 'networks'), join(directory.path, 'models')];
    await mkdir(networks);
    await mkdir(models);
    await writeFile(join(networks, 'found.onnx'), '');
    await symlink(networks, join(models, 'imported'));
    await chmod(directory.path, 0o755);
    const look = `process.exitCode = require('node:fs').existsSync('${models}/imported/found.onnx') ? 0 : 3`;
    const program = ['--eval', look];
    for (const user of process.getuid?.() === 0 ? [undefined, 65_534] : [undefined]) {
      const launched = inSandbox().launch({ purpose: 'photographs', program, readable: [models], user });
      assert.equal(await launched.ended, 'it exited with code 0');
    }
  });

  test('starts where this process has lower limits', async () => {
    const lowBytes = 32 * 1024 * 1024;
    execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${lowBytes}`]);
    const probe = await probeSandbox();
    const launched = launch('launch' in probe ? probe : assert.fail(probe.reason));
    try {
      assert.match(factOf(await pidOf(launched), 'limits', 'Max file size'), new RegExp(`^${lowBytes} `));
    } finally {
      launched.kill();
      await launched.ended;
    }
  });
});
