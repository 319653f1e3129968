import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scanSource } from '../support/source-scanner.js';

const root = fileURLToPath(new URL('../..', import.meta.url));

test('ONNX Runtime is reached through the module that keeps it from reporting to its maker', () => {
  const files = ['daemon', 'scripts', 'test'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
  const importing = files.filter((file) =>
    scanSource(readFileSync(join(root, file), 'utf8')).imports.includes('onnxruntime-node'),
  );
  assert.deepEqual(importing, ['daemon/host/onnx-runtime.ts']);
  const { code } = scanSource(readFileSync(join(root, 'daemon/host/onnx-runtime.ts'), 'utf8'));
  assert.match(code, /^\s*import "0";/, 'what keeps it quiet has to be evaluated first');
});
