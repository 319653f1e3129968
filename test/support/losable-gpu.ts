import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { softwareGpuDriver, useSoftwareGpu, withoutSoftwareGpu } from './software-gpu.js';

/** For node:test's `skip`: false if a lost GPU can be simulated here, otherwise the reason. */
export const withoutLosableGpu: string | false =
  withoutSoftwareGpu ||
  (existsSync('/usr/bin/cc') ? false : 'there is no C compiler (cc) to build the driver that loses its GPU');

const source = fileURLToPath(new URL('losable-gpu.c', import.meta.url));

/** A GPU that computes on the processor and can be lost. */
export interface LosableGpu extends Disposable {
  lose(): void;
  /** New devices work again; those that were lost stay lost. */
  bringBack(): void;
}

/** Lets ONNX Runtime find such a GPU and no other. Call it before the first network is loaded. */
export function useLosableGpu(): LosableGpu {
  const directory = mkdtempSync(join(tmpdir(), 'rollcall-losable-gpu-'));
  const library = join(directory, 'driver.so');
  execFileSync('cc', ['-shared', '-fPIC', '-o', library, source, '-ldl']);
  const description = join(directory, 'driver.json');
  const icd = { library_path: library, api_version: '1.1.0' };
  writeFileSync(description, JSON.stringify({ file_format_version: '1.0.0', ICD: icd }));
  const mark = join(directory, 'lost');
  process.env['LOSABLE_GPU_DRIVER'] = softwareGpuDriver;
  process.env['LOSABLE_GPU_LOST'] = mark;
  useSoftwareGpu(description);
  return {
    lose: () => writeFileSync(mark, ''),
    bringBack: () => rmSync(mark, { force: true }),
    [Symbol.dispose]: () => rmSync(directory, { recursive: true, force: true }),
  };
}
