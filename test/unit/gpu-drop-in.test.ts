import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('../../scripts/gpu-drop-in', import.meta.url));

describe('the drop-in for GPUs', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rollcall-gpu-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const dropIn = (...files: readonly string[]) => {
    for (const file of files) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), '');
    }
    const { status, stdout, stderr } = spawnSync(script, [root], { encoding: 'utf8' });
    const settings = stdout.split('\n').filter((line) => /^[A-Z]/.test(line));
    return { status, stderr, settings };
  };
  /** The group of the files of this test. Root's group needs no mention. */
  const groups = () => {
    const { gid } = statSync(root);
    const name = spawnSync('getent', ['group', String(gid)], { encoding: 'utf8' }).stdout.split(':')[0];
    return name === 'root' ? [] : [`SupplementaryGroups=${name}`];
  };

  test('allows the render nodes, for the group that owns them, and no other device', () => {
    const { status, settings } = dropIn(
      'dev/dri/card0',
      'dev/dri/renderD128',
      'dev/dri/renderD129',
      'dev/kvm',
    );
    assert.equal(status, 0);
    assert.deepEqual(settings, [
      'PrivateDevices=no',
      'DeviceAllow=/dev/dri/renderD128 rw',
      'DeviceAllow=/dev/dri/renderD129 rw',
      ...groups(),
    ]);
  });

  test('allows the control devices of NVIDIA before the driver has made them', () => {
    const { settings } = dropIn('dev/nvidia0', 'dev/nvidiactl');
    assert.deepEqual(settings, [
      'PrivateDevices=no',
      'DeviceAllow=/dev/nvidia0 rw',
      'DeviceAllow=/dev/nvidiactl rw',
      'DeviceAllow=/dev/nvidia-uvm rw',
      ...groups(),
    ]);
  });

  const skip = process.getuid?.() === 0 ? false : 'giving a file to another group needs root';
  test('names a group without a name by its number', { skip }, () => {
    dropIn('dev/dri/renderD128');
    chownSync(join(root, 'dev/dri/renderD128'), 0, 424_242);
    assert.ok(dropIn().settings.includes('SupplementaryGroups=424242'));
  });

  test('is refused on a machine without a GPU, with cause and remedy', () => {
    const { status, stderr, settings } = dropIn('dev/dri/card0', 'dev/nvidiactl');
    assert.deepEqual([status, settings], [1, []]);
    assert.match(
      stderr,
      /^error: this machine has no GPU that Linux drives.*\n {2}what to do: Install the driver/,
    );
  });
});
