import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { arch, platform } from 'node:os';
import { dirname, join } from 'node:path';
import type { ProviderName } from '../../config/vision-schema.js';

/** What may be configured: one provider that must work, or the best that does. */
export type ProviderRequest = ProviderName;

/** What networks can run on. */
export type Provider = Exclude<ProviderRequest, 'auto'>;

/** What can be seen of a GPU without starting anything on it. */
export interface GpuSigns {
  /** An NVIDIA driver is loaded. */
  readonly hasNvidiaDevice: boolean;
  /** The kernel shows a GPU that renders; a processor that imitates one does not count. */
  readonly hasRenderNode: boolean;
  /** ONNX Runtime's CUDA libraries were installed; the package comes without them. */
  readonly hasCudaLibraries: boolean;
}

/**
 * The providers to try for a request, best first. `auto` tries a GPU only where there are signs of one, so that
 * a plain box starts without a failed attempt, and always ends at the processor.
 */
export function providersToTry(request: ProviderRequest, signs: GpuSigns): readonly Provider[] {
  if (request !== 'auto') return [request];
  const providers: Provider[] = [];
  if (signs.hasNvidiaDevice && signs.hasCudaLibraries) providers.push('cuda');
  if (signs.hasNvidiaDevice || signs.hasRenderNode) providers.push('webgpu');
  return [...providers, 'cpu'];
}

/** What a person can do when a required provider cannot be had. */
export function remedyFor(provider: Provider): string {
  switch (provider) {
    case 'cuda':
    case 'tensorrt':
      return (
        `Install the NVIDIA driver and ONNX Runtime's CUDA libraries (npm rebuild onnxruntime-node ` +
        `--onnxruntime-node-install=cuda12), or set the provider to auto or cpu.`
      );
    case 'webgpu':
      return 'Install a Vulkan driver for the GPU (vulkaninfo lists what is there), or set the provider to auto or cpu.';
    case 'cpu':
      return 'Reinstall onnxruntime-node for this platform.';
  }
}

/** Looks for a GPU on this machine. */
export function gpuSigns(): GpuSigns {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const libraries = join(dirname(entry), '..', 'bin', 'napi-v6', platform(), arch());
  return {
    hasNvidiaDevice: existsSync('/dev/nvidia0'),
    hasRenderNode: existsSync('/dev/dri/renderD128'),
    hasCudaLibraries: existsSync(join(libraries, 'libonnxruntime_providers_cuda.so')),
  };
}
