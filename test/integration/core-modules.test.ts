import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const moduleUrl = (path: string): string => new URL(`../../daemon/${path}`, import.meta.url).href;

/** Whether a process that loads the module has ONNX Runtime mapped into its memory. */
function loadsOnnxRuntime(path: string): boolean {
  const script = `
    import { readFileSync } from 'node:fs';
    await import(${JSON.stringify(moduleUrl(path))});
    console.log(readFileSync('/proc/self/maps', 'utf8').includes('onnxruntime'));`;
  const options = { encoding: 'utf8', cwd: fileURLToPath(new URL('../..', import.meta.url)) } as const;
  const output = execFileSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    options,
  );
  return output.trim() === 'true';
}

describe('the core', () => {
  test('loads no inference engine: networks run in the vision process, and the search needs none', () => {
    assert.equal(loadsOnnxRuntime('core/compose/compose.ts'), false);
  });

  test('loads no inference engine: this check detects the runtime in a process that loads it', () => {
    assert.equal(loadsOnnxRuntime('vision/inference/network.ts'), true);
  });
});
