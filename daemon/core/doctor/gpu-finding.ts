import type { Config } from '../../contract/settings/schema.js';
import type { BoxStatus } from '../../contract/status.js';
import type { GpuDevices } from '../../host/gpu-devices.js';
import { type Finding, ok } from './finding.js';

const check = 'GPU';
const giveAccess =
  "Run 'scripts/install --gpu' in the checkout: it gives vision processes the device files and restarts the service.";

/**
 * Whether inference or decoding uses the GPU of this machine. An unused NVIDIA GPU deserves a warning: somebody bought it; so does one
 * that a camera asks for. Nearly every processor contains a small GPU, so that of another kind is only mentioned. If a provider was tried
 * and failed, the finding of the vision process says so.
 */
export function gpuFindings(
  { vision, cameras }: Pick<Config, 'vision' | 'cameras'>,
  devices: GpuDevices,
  status: Pick<BoxStatus, 'vision' | 'cameras'> | undefined,
): readonly Finding[] {
  const { nvidia, renderNodes } = devices.driven;
  const providers = (status?.vision ?? []).flatMap(({ provider }) => provider ?? []);
  const used = providers.find(({ actual }) => actual !== 'cpu');
  const decoder = (status?.cameras ?? [])
    .map(({ stream }) => stream?.decoder)
    .find((each) => each !== undefined && each !== 'software');
  const uses = [
    ...(used === undefined ? [] : [used.actual]),
    ...(decoder === undefined ? [] : [`${decoder} (decoding)`]),
  ];
  if (uses.length > 0) return [ok(check, `in use by ${uses.join(' and ')}`)];
  if (!nvidia && renderNodes.length === 0) return [];
  const gpu = nvidia ? 'an NVIDIA GPU' : 'a GPU';
  const isInSoftware = (id: string): boolean =>
    (status?.cameras ?? []).some((camera) => camera.id === id && camera.stream?.decoder === 'software');
  if (cameras.some(({ id, hwaccel }) => hwaccel === 'auto' && isInSoftware(id))) {
    const message = `this machine has ${gpu}, but no camera decodes with it, although hwaccel is auto`;
    const remedy = `${giveAccess} If it has them, the log says why FFmpeg cannot use the GPU: journalctl -g "tried hardware".`;
    return [{ check, outcome: 'warning', message, remedy }];
  }
  if (vision.provider === 'cpu') return [ok(check, `this machine has ${gpu}; vision.provider is cpu`)];
  // Without a daemon nobody knows what it would see, and a failed attempt has a finding of its own.
  if (providers.length === 0 || providers.some(({ warning }) => warning !== undefined)) return [];
  const message = `this machine has ${gpu}, but the service does not see its device files; inference runs on the processor`;
  if (!nvidia) return [ok(check, `${message} (scripts/install --gpu gives it access)`)];
  const remedy = `${giveAccess} Or set vision.provider to cpu.`;
  return [{ check, outcome: 'warning', message, remedy }];
}
