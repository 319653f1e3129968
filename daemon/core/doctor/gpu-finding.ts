import type { Config } from '../../contract/settings/schema.js';
import type { BoxStatus } from '../../contract/status.js';
import type { GpuDevices } from '../../host/gpu-devices.js';
import { type Finding, ok } from './finding.js';

const check = 'GPU';

/**
 * Whether inference uses the GPU of this machine. An unused NVIDIA GPU deserves a warning: somebody bought it. Nearly every processor
 * contains a small GPU, so that of another kind is only mentioned. If a provider was tried and failed, the finding of the vision
 * process says so.
 */
export function gpuFindings(
  { vision }: Pick<Config, 'vision'>,
  devices: GpuDevices,
  status: Pick<BoxStatus, 'vision'> | undefined,
): readonly Finding[] {
  const { nvidia, renderNodes } = devices.driven;
  const providers = (status?.vision ?? []).flatMap(({ provider }) => provider ?? []);
  const used = providers.find(({ actual }) => actual !== 'cpu');
  if (used !== undefined) return [ok(check, `in use by ${used.actual}`)];
  if (!nvidia && renderNodes.length === 0) return [];
  const gpu = nvidia ? 'an NVIDIA GPU' : 'a GPU';
  if (vision.provider === 'cpu') return [ok(check, `this machine has ${gpu}; vision.provider is cpu`)];
  // Without a daemon nobody knows what it would see, and a failed attempt has a finding of its own.
  if (providers.length === 0 || providers.some(({ warning }) => warning !== undefined)) return [];
  const message = `this machine has ${gpu}, but the service does not see its device files; inference runs on the processor`;
  if (!nvidia) return [ok(check, `${message} (systemd/README.md shows how to give it access)`)];
  const remedy =
    "Give the service the device files with a drop-in as in systemd/README.md ('systemctl edit rollcalld'), then restart rollcalld; or set vision.provider to cpu.";
  return [{ check, outcome: 'warning', message, remedy }];
}
