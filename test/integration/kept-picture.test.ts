import assert from 'node:assert/strict';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { checkPictureOptions, givePicture, type PictureOptions } from '../../daemon/cli/kept-picture.js';
import { codeOf } from '../support/accounts-fixture.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const jpeg = Buffer.from('not read by the command');

/** What the command writes when it gives the picture. */
async function written(
  t: TestContext,
  options: PictureOptions,
  environment: Readonly<Record<string, string>> = {},
): Promise<string> {
  const before = Object.keys(environment).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, environment);
  const write = t.mock.method(process.stdout, 'write', () => true);
  try {
    await givePicture(options, async () => jpeg, 'passage-1');
    return write.mock.calls.map(({ arguments: [text] }) => String(text)).join('');
  } finally {
    write.mock.restore();
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

describe('the picture of a command', () => {
  test('is saved under the given name, for the user alone, and replaces no file', async (t) => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'face.jpg');
    assert.equal(await written(t, { picture: path }), `picture: ${path}, ${jpeg.length} bytes\n`);
    assert.deepEqual(await readFile(path), jpeg);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.notEqual(await codeOf(() => givePicture({ picture: path }, async () => jpeg, 'x')), 'none');
    const other = join(directory.path, 'other.jpg');
    assert.equal(await written(t, { picture: other, json: true }), '', 'JSON stays JSON');
  });

  test('without a name goes to a folder of the login session that others cannot enter', async (t) => {
    await using directory = await temporaryDirectory();
    const session = join(directory.path, 'session');
    await mkdir(session);
    const said = await written(t, { picture: true }, { XDG_RUNTIME_DIR: session });
    const [, path = ''] = /^picture: (\S+\/passage-1\.jpg); delete it after use\n$/.exec(said) ?? [];
    assert.ok(path.startsWith(`${session}/rollcall-`), said);
    assert.deepEqual(await readFile(path), jpeg);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(dirname(path))).mode & 0o777, 0o700);
  });

  test('without a name or a login session goes to the temporary folder', async (t) => {
    await using directory = await temporaryDirectory();
    for (const session of ['', join(directory.path, 'gone')]) {
      const environment = { XDG_RUNTIME_DIR: session, TMPDIR: directory.path };
      const said = await written(t, { picture: true }, environment);
      assert.ok(said.startsWith(`picture: ${directory.path}/rollcall-`), said);
    }
  });

  test('is neither read nor saved unless it is asked for, and needs a name beside JSON', async (t) => {
    assert.equal(await written(t, {}), '');
    assert.equal(
      await codeOf(() => checkPictureOptions({ picture: true, json: true })),
      'picture-needs-file',
    );
    for (const allowed of [{ picture: true }, { picture: 'a.jpg', json: true }, { json: true }] as const)
      checkPictureOptions(allowed);
  });
});
