import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';

import { parseConfig } from '../../daemon/contract/settings/load.js';
import { type OwnFile, readOwnFiles } from '../../daemon/contract/settings/own-files.js';
import { formatProblem } from '../../daemon/contract/settings/problem.js';
import { cameraText, changedText, givenSettings } from '../../daemon/core/cameras/camera-text.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const site = 'site: { id: office, timeZone: UTC }\n';
const gate = 'cameras: [{ id: gate, name: Gate, url: "rtsp://192.0.2.1/" }]\n';
const rules =
  'alerts: { rules: [{ id: r, on: camera-down, cameras: [door], channels: [c] }], webhooks: [{ id: c, url: "https://192.0.2.5/", secret: s }] }\n';

const file = (id: string, text: string): OwnFile => ({ id, path: `/d/${id}.yaml`, content: { text } });
const door = file('door', 'id: door\nname: Door\nurl: rtsp://192.0.2.2/\n');

function load(text: string, ...files: readonly OwnFile[]) {
  const loaded = parseConfig(text, files);
  if (!loaded.ok) assert.fail(loaded.problems.map((each) => formatProblem('main.yaml', each)).join('\n'));
  const { cameras, unusableCameraFiles } = loaded.config;
  return {
    cameras: cameras.map(({ id, isOwn }) => `${id}${isOwn === true ? ', own' : ''}`),
    problems: unusableCameraFiles.flatMap(({ problems }) =>
      problems.map((each) => formatProblem('main.yaml', each)),
    ),
  };
}

describe('a camera file', () => {
  test('adds its camera to those of the configuration file, with the same defaults', () => {
    assert.deepEqual(load(site + gate, door), { cameras: ['gate', 'door, own'], problems: [] });
    assert.deepEqual(load(site, door).cameras, ['door, own']);
    const loaded = parseConfig(site, [door]);
    assert.equal(loaded.ok && loaded.config.cameras[0]?.rates.idleFps, 5);
  });

  test('that cannot be used is named with its line, and the other cameras run', () => {
    for (const [text, problem] of [
      ['id: door\nname: Door\n', /^\/d\/door\.yaml:1:1: url is missing. Add "url"/],
      [
        'id: door\nname: Door\nurl: rtsp://192.0.2.2/\nrates: { idleFps: 99 }\n',
        /:4:10: rates\.idleFps must be/,
      ],
      ['id: door\nname: Door\nulr: rtsp://192.0.2.2/\n', /:3:1: ulr is not a known key. Did you mean "url"/],
      ['id: side\nname: Door\nurl: rtsp://192.0.2.2/\n', /:1:1: id is not the name of the file/],
      ['id: door\n  name: Door\n', /door\.yaml:1:5: this is not valid YAML/],
      ['', /\/d\/door\.yaml: the file does not have the settings of a camera/],
    ] as const) {
      const { cameras, problems } = load(
        site + gate,
        file('door', text),
        file('yard', 'id: yard\nname: Yard\nurl: rtsp://192.0.2.3/\n'),
      );
      assert.deepEqual(cameras, ['gate', 'yard, own'], text);
      assert.match(problems.join('\n'), problem);
    }
  });

  test('with the id of a camera of the configuration file is left out, and both files are named', () => {
    const { cameras, problems } = load(
      site + gate,
      file('gate', 'id: gate\nname: Mine\nurl: rtsp://192.0.2.9/\n'),
    );
    assert.deepEqual(cameras, ['gate']);
    assert.match(problems.join('\n'), /^\/d\/gate\.yaml: the configuration file also has a camera "gate"/);
  });

  test('that cannot be used does not make an alert about its camera wrong', () => {
    const named = parseConfig(site + rules, []);
    assert.ok(!named.ok && named.problems.some(({ path }) => path.endsWith('cameras.0')));
    const kept = parseConfig(site + rules, [file('door', '{')]);
    assert.ok(kept.ok, JSON.stringify(kept));
  });

  test('does not hide that the configuration file holds something else than settings', () => {
    for (const wrong of ['- site\n', 'site\n']) {
      const loaded = parseConfig(wrong, [door]);
      const alone = parseConfig(wrong, []);
      assert.deepEqual(loaded, alone);
    }
  });

  test('does not hide what is wrong with the list of the configuration file', () => {
    for (const wrong of ['cameras:\n', 'cameras: gate\n']) {
      const loaded = parseConfig(site + wrong, [door]);
      assert.ok(!loaded.ok && loaded.problems.some(({ path }) => path === 'cameras'), wrong);
    }
  });
});

describe('the files of the box itself', () => {
  const kind = { noun: 'camera', folder: 'own', ending: '.camera.yaml' } as const;

  test('are those of their folder by name, without what editors and backups leave there', async () => {
    await using directory = await temporaryDirectory();
    const folder = join(directory.path, kind.folder);
    await mkdir(folder);
    const written = ['yard', 'door', 'gate'].map((id) => `${id}.camera.yaml`);
    const left = ['.door.camera.yaml', 'door.camera.yaml~', 'door.camera.yaml.bak', 'notes.txt'];
    for (const name of [...written, ...left]) await writeFile(join(folder, name), `# ${name}\n`);
    assert.deepEqual(
      await readOwnFiles(kind, directory.path),
      ['door', 'gate', 'yard'].map((id) => {
        const name = `${id}.camera.yaml`;
        return { path: join(folder, name), id, content: { text: `# ${name}\n` } };
      }),
    );
  });

  test('with a name that says no id are named, with the right form', async () => {
    await using directory = await temporaryDirectory();
    const folder = join(directory.path, kind.folder);
    await mkdir(folder);
    for (const name of ['Front Door.camera.yaml', 'door.json', 'door.yml', '.camera.yaml'])
      await writeFile(join(folder, name), 'x: 1\n');
    const found = await readOwnFiles(kind, directory.path);
    assert.deepEqual(
      found.map(({ path, id, content }) => [
        path.slice(folder.length + 1),
        id,
        content !== undefined && 'remedy' in content && content.remedy,
      ]),
      ['Front Door.camera.yaml', 'door.json', 'door.yml'].map((name) => [
        name,
        undefined,
        'Name it ID.camera.yaml, after the id of its camera.',
      ]),
    );
  });

  test('are none without their folder', async () => {
    await using directory = await temporaryDirectory();
    assert.deepEqual(await readOwnFiles(kind, directory.path), []);
    await writeFile(join(directory.path, kind.folder), 'a file');
    assert.deepEqual(await readOwnFiles(kind, directory.path), []);
  });
});

describe('the text of a camera file', () => {
  test('holds what was given, and a change keeps comments and the rest', () => {
    const made = cameraText(
      'door',
      givenSettings({ id: 'door', name: 'Door: east', url: 'rtsp://192.0.2.2/', idleFps: 4 }),
    );
    assert.deepEqual(load(site, file('door', made)), { cameras: ['door, own'], problems: [] });
    const commented = made.replace('rates:', '# slow\nrates:');
    const changed = changedText(commented, {
      name: 'Yard',
      idleFps: null,
      requireLiveness: 'blink',
      fingerprint: null,
    });
    assert.match(changed, /name: Yard\n(?:.*\n)*# slow\nrates: *\{\}/);
    const loaded = parseConfig(site, [file('door', changed)]);
    assert.ok(loaded.ok);
    const [camera] = loaded.config.cameras;
    assert.deepEqual([camera?.rates.idleFps, camera?.liveness.require], [5, 'blink']);
  });

  test('takes no secret by its name', () => {
    assert.deepEqual(givenSettings({ credential: 'broker-login', caFile: '/etc/shadow', name: 'Door' }), {
      name: 'Door',
    });
  });
});
