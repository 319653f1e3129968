import { existsSync } from 'node:fs';

/** Chromium brings a Vulkan driver that computes on the processor. */
const driver = '/usr/lib/chromium/libvk_swiftshader.so';
const driverFile = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** For node:test's `skip`: false if WebGPU works without a GPU here, otherwise the reason. */
export const withoutSoftwareGpu: string | false =
  existsSync(driver) && existsSync(driverFile)
    ? false
    : 'chromium, which brings a Vulkan driver for the processor, is not installed: run scripts/setup --with-tests';

/**
 * Lets ONNX Runtime find this driver, or the one described by `file`, and no other. Call it before the first network is loaded: the
 * process keeps the driver that it found.
 */
export function useSoftwareGpu(file = driverFile): void {
  process.env['VK_DRIVER_FILES'] = file;
  process.env['VK_ICD_FILENAMES'] = file;
}

export const softwareGpuDriver = driver;
