import type { Config } from '../../contract/settings/schema.js';
import type { BoxStatus } from '../../contract/status.js';
import type { GpuDevices } from '../../host/gpu-devices.js';
import { verbatim } from '../../kernel/said.js';
import { doctor, type Finding, finding, ok } from './finding.js';

const check = doctor('check-gpu');

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
  const [network, decoding] = [used && verbatim(used.actual), decoder && doctor('gpu-decoder', { decoder })];
  const uses = network && decoding ? doctor('gpu-both', { network, decoding }) : (network ?? decoding);
  if (uses) return [ok(check, doctor('gpu-in-use', { uses }))];
  if (!nvidia && renderNodes.length === 0) return [];
  const gpu = doctor(nvidia ? 'gpu-nvidia' : 'gpu-any');
  const isInSoftware = (id: string): boolean =>
    (status?.cameras ?? []).some((camera) => camera.id === id && camera.stream?.decoder === 'software');
  if (cameras.some(({ id, hwaccel }) => hwaccel === 'auto' && isInSoftware(id))) {
    const message = doctor('gpu-not-decoding', { gpu });
    return [finding(check, 'warning', { message, remedy: doctor('remedy-gpu-not-decoding') })];
  }
  if (vision.provider === 'cpu') return [ok(check, doctor('gpu-not-wanted', { gpu }))];
  // Without a daemon nobody knows what it would see, and a failed attempt has a finding of its own.
  if (providers.length === 0 || providers.some(({ warning }) => warning !== undefined)) return [];
  if (!nvidia) return [ok(check, doctor('gpu-out-of-reach-hint', { gpu }))];
  const message = doctor('gpu-out-of-reach', { gpu });
  return [finding(check, 'warning', { message, remedy: doctor('remedy-gpu-out-of-reach') })];
}
