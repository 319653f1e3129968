import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { loadDriver } from '../../daemon/host/sqlite-driver.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

describe('the driver of SQLite', () => {
  test('is the newer one from Node-API 10 on', () => {
    const loaded: string[] = [];
    for (const nodeApi of [9, 10, 11]) loadDriver(nodeApi, (name) => loaded.push(name));
    assert.deepEqual(loaded, ['better-sqlite3', 'better-sqlite3-13', 'better-sqlite3-13']);
  });

  test('that is missing, as after a change of the Node.js of a box, is reported with a remedy', () => {
    const elsewhere = createRequire('/nowhere/program.js');
    for (const nodeApi of [9, 10])
      assert.throws(
        () => loadDriver(nodeApi, elsewhere),
        (error) =>
          isRollcallError(error, 'sqlite-driver-missing') && /scripts\/install/.test(error.remedy ?? ''),
      );
  });

  test('that cannot be loaded for another reason is reported as it is', () => {
    const fault = new Error('the file is damaged');
    const load = () => {
      throw fault;
    };
    assert.throws(
      () => loadDriver(10, load),
      (error) => error === fault,
    );
  });
});
