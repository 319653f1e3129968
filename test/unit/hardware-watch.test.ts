import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { checkHardwareEveryMs, hardwareWatch } from '../../daemon/core/conditions/hardware-watch.js';
import {
  type HardwareFault,
  readHardwareFaults,
  readMemoryKills,
} from '../../daemon/host/hardware-faults.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { heardConditions } from '../support/heard-conditions.js';

/** Folders as the kernel fills them. */
async function kernelWith(files: Readonly<Record<string, string>>, work: (root: string) => Promise<void>) {
  const root = await mkdtemp(join(tmpdir(), 'rollcall-kernel-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
    await work(root);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

const healthy = {
  'sys/block/mmcblk0/device/pre_eol_info': '0x01\n',
  'sys/block/mmcblk0/device/life_time': '0x02 0x03\n',
  'sys/block/sda/size': '1\n',
  'sys/block/md0/md/degraded': '0\n',
  'sys/fs/ext4/sda1/errors_count': '0\n',
  'sys/fs/ext4/features/lazy_itable_init': 'supported\n',
  'sys/devices/system/edac/mc/mc0/ue_count': '0\n',
  'sys/class/hwmon/hwmon0/name': 'coretemp\n',
  'sys/class/hwmon/hwmon0/temp1_input': '61000\n',
  'sys/class/hwmon/hwmon0/temp1_crit': '100000\n',
  'sys/class/hwmon/hwmon1/temp1_input': '140000\n',
  'proc/meminfo': 'MemTotal:       4000000 kB\nMemFree: 1 kB\nMemAvailable:    900000 kB\n',
  'proc/vmstat': 'pgfault 3\noom_kill 7\n',
};

const faulty: readonly (readonly [HardwareFault, string, string, string])[] = [
  ['disk-worn', 'sys/block/mmcblk0/device/pre_eol_info', '0x02\n', 'mmcblk0'],
  ['disk-worn', 'sys/block/mmcblk0/device/life_time', '0x03 0x0b\n', 'mmcblk0'],
  ['file-system-errors', 'sys/fs/ext4/sda1/errors_count', '2\n', 'sda1'],
  ['raid-degraded', 'sys/block/md0/md/degraded', '1\n', 'md0'],
  ['memory-errors', 'sys/devices/system/edac/mc/mc0/ue_count', '1\n', 'mc0'],
  ['too-hot', 'sys/class/hwmon/hwmon0/temp1_input', '100000\n', 'coretemp'],
  ['memory-low', 'proc/meminfo', 'MemTotal: 4000000 kB\nMemAvailable: 102400 kB\n', '100 MiB'],
];

describe('the faults that the kernel tells', () => {
  const read = async (files: Readonly<Record<string, string>>): Promise<readonly (readonly string[])[]> => {
    let found: readonly (readonly string[])[] = [];
    await kernelWith(files, async (root) => {
      found = [...(await readHardwareFaults({ sys: join(root, 'sys'), proc: join(root, 'proc') }))];
    });
    return found;
  };

  test('are none on a healthy machine, and on one that tells nothing', async () => {
    assert.deepEqual(await read(healthy), []);
    assert.deepEqual(await read({ 'sys/x': '' }), []);
  });

  for (const [fault, path, text, where] of faulty) {
    test(`name ${fault} with its place when ${path} says ${text.trim().split('\n').at(-1)}`, async () => {
      assert.deepEqual(await read({ ...healthy, [path]: text }), [[fault, where]]);
    });
  }

  test('have the number of processes that were ended for lack of memory', () =>
    kernelWith(healthy, async (root) => {
      assert.equal(await readMemoryKills(join(root, 'proc')), 7);
      assert.equal(await readMemoryKills(join(root, 'nowhere')), undefined);
    }));
});

describe('the watch on the hardware', () => {
  test('reports a fault that three checks have seen, and a process that was ended for an hour', async () => {
    const clock = new VirtualClock();
    const { heard, ...conditions } = heardConditions();
    let faults = new Map<HardwareFault, string>();
    let kills = 7;
    await using watch = hardwareWatch({
      faults: async () => faults,
      memoryKills: async () => kills,
      ...{ conditions, clock, logger: silentLogger },
    }).start();
    const check = async (): Promise<string> => {
      clock.advanceBy(checkHardwareEveryMs);
      await watch.settled();
      return heard.at(-1) ?? '';
    };
    await watch.settled();
    assert.deepEqual(heard, ['end hardware-failing']);
    faults = new Map([['too-hot', 'coretemp']]);
    await check();
    assert.doesNotMatch(await check(), /\+too-hot/);
    assert.match(await check(), /change hardware-failing \{"too-hot":"coretemp"\} \+too-hot/);
    faults = new Map();
    assert.equal(await check(), 'end hardware-failing');
    kills = 8;
    assert.match(await check(), /\+out-of-memory/);
    clock.advanceBy(60 * 60_000);
    await watch.settled();
    assert.equal(await check(), 'end hardware-failing');
  });
});
