import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

test('the kernels in WebAssembly are compiled from their sources', async () => {
  const script = fileURLToPath(new URL('../../scripts/compile-kernel.mjs', import.meta.url));
  await promisify(execFile)(process.execPath, [script, '--check']);
});
