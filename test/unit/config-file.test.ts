import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { invalidConfig, openBox } from '../../daemon/cli/daemon-client.js';
import { loadConfig, loadSite } from '../../daemon/contract/settings/load.js';

describe('a configuration file', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-config-'));
  });
  after(() => rm(directory, { recursive: true }));

  async function refusal(path: string): Promise<string> {
    const loaded = await loadConfig(path);
    if (loaded.ok) assert.fail('expected the file to be refused');
    assert.equal(loaded.problems.length, 1);
    const [problem] = loaded.problems;
    assert.equal(problem?.line, 0);
    assert.ok(problem.remedy);
    return problem.message;
  }

  test('becomes an error with its only problem, or with the number of several', async () => {
    await assert.rejects(openBox(join(directory, 'none.yaml')), {
      code: 'invalid-config',
      kind: 'input',
      message: `${join(directory, 'none.yaml')}: the file does not exist`,
      remedy: /^Check the path/,
    });
    const path = join(directory, 'bad.yaml');
    const told = async (text: string) => {
      await writeFile(path, text);
      const loaded = await loadConfig(path);
      if (loaded.ok) assert.fail('expected the file to be refused');
      const { message, remedy } = invalidConfig(path, loaded.problems);
      return [message.replace(path, 'FILE'), remedy?.replace(path, 'FILE')];
    };
    const [only, add] = await told('site: { id: office }\n');
    assert.match(only ?? '', /^FILE:1:\d+: site\.timeZone is missing$/);
    assert.match(add ?? '', /^Add "timeZone"/);
    const many = ['FILE has 2 problems', "Run 'rollcall check-config --config FILE' to list them."];
    assert.deepEqual(await told('site: {}\n'), many);
  });

  test('is read from disk', async () => {
    const path = join(directory, 'good.yaml');
    await writeFile(path, '\uFEFFsite: { id: office, timeZone: UTC }\n');
    const loaded = await loadConfig(path);
    assert.ok(loaded.ok);
    assert.equal(loaded.config.site.id, 'office');
  });

  test('gives socket and time zone of a daemon even if the rest is wrong', async () => {
    const path = join(directory, 'site.yaml');
    const siteOf = async (text: string) => {
      await writeFile(path, text);
      return loadSite(path);
    };
    const preset = (await siteOf('cameras: wrong\n')).socketPath;
    assert.match(preset ?? '', /^\/.*\.sock$/);
    assert.deepEqual(
      await siteOf('control: { socketPath: /run/a.sock }\nsite: { timeZone: Europe/Paris }\n'),
      {
        ...{ socketPath: '/run/a.sock', timeZone: 'Europe/Paris' },
      },
    );
    assert.deepEqual(await siteOf('control: { socketPath: 7 }\nsite: { timeZone: Nowhere }\n'), {});
    assert.deepEqual(await siteOf('site: { timeZone: Europe/Paris }\nsite: 1\n'), {}, 'no YAML');
    assert.deepEqual(await loadSite(join(directory, 'none.yaml')), {});
  });

  test('that is missing, a directory, huge or not text is explained', async () => {
    assert.equal(await refusal(join(directory, 'none.yaml')), 'the file does not exist');
    assert.equal(await refusal(join(directory, 'good.yaml', 'below.yaml')), 'the file does not exist');
    assert.equal(await refusal(directory), 'this is a directory');
    const path = join(directory, 'bytes.yaml');
    await writeFile(path, Buffer.from([0xff, 0xfe, 0x00]));
    assert.equal(await refusal(path), 'the file is not UTF-8 text');
    await writeFile(path, Buffer.alloc((1 << 20) + 1, 0x20));
    assert.match(await refusal(path), /larger than/);
    assert.equal(await refusal('/dev/zero'), 'this is not an ordinary file');
  });

  test('that this user may not read is explained', {
    skip: process.getuid?.() === 0 ? 'root may read everything' : false,
  }, async () => {
    const path = join(directory, 'secret.yaml');
    await writeFile(path, 'site: {}\n');
    await chmod(path, 0o000);
    assert.equal(await refusal(path), 'this user may not read the file');
  });
});
