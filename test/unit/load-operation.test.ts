import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { loadOperation } from '../../daemon/contract/load-operation.js';
import { type OperationId, operations } from '../../daemon/contract/operations.js';
import { root } from '../support/built.js';
import { loadedBy } from '../support/import-rules.js';

describe('an operation that a command uses', () => {
  test('is the one of the contract, for every id', async () => {
    const ids = Object.keys(operations) as OperationId[];
    for (const id of ids) assert.equal(await loadOperation(id), operations[id], id);
  });

  test('comes without all the others, the reader of bodies and native libraries', () => {
    const daemon = join(root, 'daemon');
    const paths = readdirSync(daemon, { recursive: true, encoding: 'utf8' });
    const sources = new Map(
      paths
        .filter((path) => path.endsWith('.ts'))
        .map((path) => [path, readFileSync(join(daemon, path), 'utf8')]),
    );
    // What it loads when an operation is asked for comes later, and only for this operation.
    sources.set('contract/load-operation.ts', '');
    for (const command of ['cli/status.ts', 'cli/events/events-tail.ts']) {
      const loaded = loadedBy(command, sources);
      assert.ok(loaded.has('core/api/client.ts'), command);
      for (const path of ['contract/operations.ts', 'core/api/multipart.ts', 'host/sodium.ts']) {
        assert.ok(!loaded.has(path), `${command} loads ${path}`);
      }
    }
  });
});
