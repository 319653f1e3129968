import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import type { ProviderName } from '../../contract/settings/vision-schema.js';
import { findGpuDevices } from '../../host/gpu-devices.js';

/** The execution providers for networks. */
export type Provider = Exclude<ProviderName, 'auto'>;

/** Signs of a GPU that are visible without using it. */
export interface GpuSigns {
  /** An NVIDIA driver is loaded. */
  readonly hasNvidiaDevice: boolean;
  /** The kernel offers a render node of a GPU; software rendering does not count. */
  readonly hasRenderNode: boolean;
  /** ONNX Runtime's CUDA libraries are installed; the npm package does not contain them. */
  readonly hasCudaLibraries: boolean;
}

/**
 * The providers to try for a request, best first. `auto` tries a GPU only with signs of one, so that a box without GPU starts
 * without a failed attempt. The last choice is always the CPU.
 */
export function providersToTry(request: ProviderName, signs: GpuSigns): readonly Provider[] {
  if (request !== 'auto') return [request];
  const providers: Provider[] = [];
  if (signs.hasNvidiaDevice && signs.hasCudaLibraries) providers.push('cuda');
  if (signs.hasNvidiaDevice || signs.hasRenderNode) providers.push('webgpu');
  return [...providers, 'cpu'];
}

/** The remedy where a required provider does not work. */
export function remedyFor(provider: Provider): string {
  switch (provider) {
    case 'cuda':
    case 'tensorrt':
      return (
        `Install the NVIDIA driver and ONNX Runtime's CUDA libraries (npm rebuild onnxruntime-node ` +
        `--onnxruntime-node-install=cuda12), or set the provider to auto or cpu.`
      );
    case 'webgpu':
      return (
        'Install the Vulkan loader and the driver of the GPU (Debian: libvulkan1 and mesa-vulkan-drivers; for an NVIDIA GPU, ' +
        'libvulkan1, libx11-6, and libxext6 beside its driver), and give the service the device files (systemd/README.md). ' +
        'vulkaninfo of vulkan-tools lists the devices. Or set the provider to auto or cpu.'
      );
    case 'cpu':
      return 'Reinstall onnxruntime-node for this platform.';
  }
}

/** Checks this machine for signs of a GPU. */
export function gpuSigns(): GpuSigns {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const { nvidia, renderNodes } = findGpuDevices();
  const libraries = join(dirname(entry), '..', 'bin', 'napi-v6', platform(), arch());
  return {
    hasNvidiaDevice: nvidia.length > 0,
    hasRenderNode: renderNodes.length > 0,
    hasCudaLibraries: existsSync(join(libraries, 'libonnxruntime_providers_cuda.so')),
  };
}
