import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { modelOperations } from '../../daemon/contract/models.js';
import { modelsHandlers } from '../../daemon/core/status/models-handlers.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** What a caller would get: the answer after the check by the contract. */
async function listed(dir: string) {
  const list = modelsHandlers({ current: () => ({ dir }) })['models.list'];
  return modelOperations['models.list'].answer.schema.parse(await Reflect.apply(list, undefined, []));
}

describe('the list of models', () => {
  test('says of each network whether the box has it, and how to get it', async () => {
    await using directory = await temporaryDirectory();
    const packs = await listed(directory.path);
    assert.ok(packs.length > 0);
    for (const { state, remedy } of packs) {
      assert.equal(state, 'absent');
      assert.match(remedy ?? '', /rollcall models/);
    }
  });

  test('names a file that is not the network by its SHA-256, and no place on the box', async () => {
    await using directory = await temporaryDirectory();
    const junk = Buffer.from('not a network');
    await mkdir(join(directory.path, 'build'));
    await writeFile(join(directory.path, 'build', 'facemesh.onnx'), junk);
    const packs = await listed(directory.path);
    const foundSha256 = createHash('sha256').update(junk).digest('hex');
    assert.deepEqual(
      packs.filter(({ state }) => state === 'damaged').map((pack) => [pack.id, pack.foundSha256]),
      [['facemesh', foundSha256]],
    );
    assert.ok(!JSON.stringify(packs).includes(directory.path));
  });
});
