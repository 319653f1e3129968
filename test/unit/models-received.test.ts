import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { nextSteps } from '../../daemon/cli/models.js';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { visionSchema } from '../../daemon/contract/settings/vision-schema.js';
import { detectorFinding, landmarksFinding } from '../../daemon/core/doctor/doctor.js';
import { redirected } from '../../daemon/host/models/model-download.js';
import type { ModelPack } from '../../daemon/host/models/model-manifest.js';
import { type ModelStore, openModelStore } from '../../daemon/host/models/store.js';
import { said } from '../../daemon/kernel/said.js';
import { inEnglish } from '../../daemon/words/language.js';

describe('a redirect of a publisher', () => {
  const from = new URL('https://publisher.example/models/net.onnx?token=hush');

  test('may lead to another protected address, absolute or relative', () => {
    for (const [location, to] of [
      ['https://store.example/a?key=1', 'https://store.example/a?key=1'],
      ['/elsewhere', 'https://publisher.example/elsewhere'],
      ['//store.example/b', 'https://store.example/b'],
    ] as const) {
      assert.equal(String(redirected(from, location)), to);
    }
  });

  test('is not followed to an unprotected address or another protocol than HTTP', () => {
    for (const location of [
      'http://publisher.example/net.onnx?token=hush',
      'file:///etc/shadow',
      'data:,x',
    ]) {
      const said = redirected(from, location);
      assert.equal(typeof said, 'string', location);
      assert.match(String(said), /without TLS/);
      assert.doesNotMatch(String(said), /hush|shadow/);
    }
    assert.equal(redirected(from, 'https://'), 'redirected to an invalid address');
  });

  test('of a local mirror without TLS may lead to an address with or without TLS', () => {
    const mirror = new URL('http://127.0.0.1:8080/net.onnx');
    assert.equal(String(redirected(mirror, '/b')), 'http://127.0.0.1:8080/b');
    assert.equal(String(redirected(mirror, 'https://mirror.example/')), 'https://mirror.example/');
  });
});

describe('the advice after a pack was fetched', () => {
  const vision = visionSchema.parse({});
  let store: ModelStore;
  before(async () => {
    store = await openModelStore();
  });

  test('a recogniser changes nothing until the gallery is moved to it', () => {
    const said = nextSteps(store.pack('sface'), vision).join(' ');
    assert.match(said, /^Nothing changes automatically/);
    assert.match(said, /re-embed --to sface .*set vision\.recogniser: sface, identification\.threshold and/);
    const measured = nextSteps(store.pack('mobilefacenet'), vision).join(' ');
    assert.match(
      measured,
      /re-embed --to mobilefacenet When that is ready, set vision\.recogniser to mobilefacenet if it names another/,
    );
    assert.match(nextSteps(store.pack('sface'), undefined).join(' '), /re-embed --to sface/);
  });

  test('a detector and a passive pack are chosen in the configuration', () => {
    assert.match(
      nextSteps(store.pack('yunet-dynamic'), vision).join(),
      /set vision\.detector: yunet and reload/,
    );
    assert.match(nextSteps(store.pack('minifasnet-v2'), vision).join(), /set vision\.passivePad: minifasnet/);
    assert.deepEqual(nextSteps(store.pack('facemesh'), vision), []);
  });

  test('a pack that the configuration names already needs a restart only', () => {
    const named = visionSchema.parse({ recogniser: 'sface', detector: 'yunet', passivePad: 'minifasnet' });
    for (const id of ['sface', 'yunet-2023mar', 'minifasnet-v1se'])
      assert.match(nextSteps(store.pack(id), named).join(), /^The configuration names .* Restart rollcalld/);
  });
});

describe('doctor on the landmarks', () => {
  test('names the network in use, and how to get or use the better one', async () => {
    const config = (landmarks: string) =>
      configSchema.parse({ site: { id: 'office', timeZone: 'UTC' }, vision: { landmarks } });
    const pack = (await openModelStore()).pack('face-landmarker');
    const absent = landmarksFinding(config('facemesh'), [
      { pack, state: 'absent', ...inEnglish({ remedy: said('models/remedy-build') }) },
    ]);
    assert.equal(absent.outcome, 'ok');
    assert.match(absent.message, /^facemesh; .*models fetch face-landmarker/);
    const ready = [{ pack, state: 'ready', path: '/models' }] as const;
    const installed = landmarksFinding(config('facemesh'), ready);
    assert.match(installed.message, /^facemesh; .* set vision\.landmarks: face-landmarker/);
    assert.equal(
      landmarksFinding(config('face-landmarker'), ready).message,
      'face-landmarker, as configured',
    );
  });
});

describe('doctor on the detector', () => {
  const config = (detector: string, passivePad = 'none') =>
    configSchema.parse({ site: { id: 'office', timeZone: 'UTC' }, vision: { detector, passivePad } });
  let pack: ModelPack;
  before(async () => {
    pack = (await openModelStore()).pack('yunet-dynamic');
  });

  test('names the detector in use and the advantage of another one', () => {
    const absent = detectorFinding(config('auto'), [
      { pack, state: 'absent', ...inEnglish({ remedy: said('models/remedy-build') }) },
    ]);
    assert.equal(absent.outcome, 'ok');
    assert.match(absent.message, /^in-turn, the default; yunet .*models fetch --recommended/);
    assert.match(
      detectorFinding(config('auto', 'minifasnet'), []).message,
      /^ssd-mobilenet-v1, the default;/,
    );
    const ready = [{ pack, state: 'ready', path: '/models' }] as const;
    assert.match(
      detectorFinding(config('blazeface'), ready).message,
      /^blazeface, as .* set vision\.detector: yunet/,
    );
    assert.equal(detectorFinding(config('yunet'), ready).message, 'yunet, as configured');
  });
});
