import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import type { Config } from '../../daemon/contract/settings/schema.js';
import type { BoxStatus } from '../../daemon/contract/status.js';
import { gpuFindings } from '../../daemon/core/doctor/gpu-finding.js';
import { findGpuDevices, type GpuDevices } from '../../daemon/host/gpu-devices.js';
import { healthyStatus } from '../support/healthy-status.js';

const none: GpuDevices = { nvidia: [], renderNodes: [], driven: { nvidia: false, renderNodes: [] } };
const nvidia: GpuDevices = { ...none, driven: { nvidia: true, renderNodes: ['/sys/class/drm/renderD128'] } };
const built: GpuDevices = { ...none, driven: { nvidia: false, renderNodes: ['/sys/class/drm/renderD128'] } };

const configured = (provider: Config['vision']['provider']) =>
  ({ vision: { provider }, cameras: [] }) as unknown as Config;
const [process0] = healthyStatus.vision;
const runningOn = (actual: string, warning?: string) => ({
  cameras: [],
  vision:
    process0 === undefined
      ? []
      : [{ ...process0, provider: { requested: 'auto', actual, ...(warning && { warning }) } }],
});
const outcomes = (...parameters: Parameters<typeof gpuFindings>) =>
  gpuFindings(...parameters).map(({ outcome, message }) => `${outcome}: ${message}`);

describe('the doctor', () => {
  test('says nothing about a machine without a GPU', () => {
    assert.deepEqual(outcomes(configured('auto'), none, runningOn('cpu')), []);
  });

  test('warns about an NVIDIA GPU that the service cannot see, and says how to give it access', () => {
    const [finding] = gpuFindings(configured('auto'), nvidia, runningOn('cpu'));
    assert.equal(finding?.outcome, 'warning');
    assert.match(finding?.message ?? '', /has an NVIDIA GPU, but the service does not see its device files/);
    assert.match(finding?.remedy ?? '', /^Run 'rollcall-setup --gpu'/);
  });

  test('only mentions another GPU', () => {
    const [text = ''] = outcomes(configured('auto'), built, runningOn('cpu'));
    assert.match(text, /^ok: this machine has a GPU, but the service does not see/);
  });

  test('accepts a GPU in use, and one that the configuration leaves aside', () => {
    assert.deepEqual(outcomes(configured('auto'), nvidia, runningOn('webgpu')), ['ok: in use by webgpu']);
    assert.deepEqual(outcomes(configured('cpu'), nvidia, runningOn('cpu')), [
      'ok: this machine has an NVIDIA GPU; vision.provider is cpu',
    ]);
  });

  test('names the decoder of cameras, and warns if a camera asks for one in vain', () => {
    const config = { ...configured('cpu'), cameras: [{ hwaccel: 'auto' }] } as unknown as Config;
    const decodedBy = (decoder: 'software' | 'vaapi') => ({
      ...runningOn('cpu'),
      cameras: [{ stream: { decoder } }] as unknown as BoxStatus['cameras'],
    });
    assert.deepEqual(outcomes(config, built, decodedBy('vaapi')), ['ok: in use by vaapi (decoding)']);
    assert.match(outcomes(config, built, decodedBy('software')).join(), /^warning: .* hwaccel is auto$/);
    // A camera that cannot be reached has no decoder yet.
    const unreached = [{ state: 'failed' }] as unknown as BoxStatus['cameras'];
    assert.doesNotMatch(
      outcomes(config, built, { ...runningOn('cpu'), cameras: unreached }).join(),
      /warning/,
    );
    assert.deepEqual(outcomes(config, none, decodedBy('software')), []);
  });

  test('leaves a GPU that was tried to the finding of the vision process', () => {
    assert.deepEqual(outcomes(configured('auto'), nvidia, runningOn('cpu', 'no adapter')), []);
    assert.deepEqual(outcomes(configured('auto'), nvidia, undefined), []);
  });
});

describe('GPU devices', () => {
  test('are found by their device files and by the kernel, and control devices are none', () => {
    const root = mkdtempSync(join(tmpdir(), 'rollcall-gpu-'));
    try {
      assert.deepEqual(findGpuDevices(root), none);
      for (const file of [
        'dev/nvidia0',
        'dev/nvidiactl',
        'dev/dri/card0',
        'dev/dri/renderD129',
        'sys/module/nvidia/version',
        'sys/module/nvidia_uvm/version',
        'sys/class/drm/card0',
        'sys/class/drm/renderD129',
      ]) {
        mkdirSync(dirname(join(root, file)), { recursive: true });
        writeFileSync(join(root, file), '');
      }
      assert.deepEqual(findGpuDevices(root), {
        nvidia: ['/dev/nvidia0'],
        renderNodes: ['/dev/dri/renderD129'],
        driven: { nvidia: true, renderNodes: ['/sys/class/drm/renderD129'] },
      });
    } finally {
      rmSync(root, { recursive: true });
    }
  });
});
