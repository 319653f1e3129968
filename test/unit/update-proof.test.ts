import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { BoxStatus } from '../../daemon/contract/status.js';
import { doctor, type Finding, finding, ok } from '../../daemon/core/doctor/finding.js';
import { emptyNote, noteOf, proofOf, type UpdateNote } from '../../daemon/core/doctor/update-proof.js';
import { readUpdateReport, updateFindings } from '../../daemon/core/doctor/update-report.js';
import { installedLanguages } from '../../daemon/host/installed-languages.js';
import { inLanguage } from '../../daemon/words/language.js';
import { healthyStatus } from '../support/healthy-status.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const [door, yard] = healthyStatus.cameras;
const streaming = (id: string, analysed: number): BoxStatus['cameras'][number] => ({
  ...door,
  id,
  counters: { analysed },
});
const connected = { state: 'connected', takenKinds: ['box'], heldKinds: [] } as const;
const working: BoxStatus = {
  ...healthyStatus,
  cameras: [streaming('door', 5), yard],
  broker: connected,
};
const gateAnswers = [
  ok(doctor('check-gate'), doctor('gate-answers', { address: '::', port: 8443, fingerprint: 'AB' })),
];
const gateIsSilent = [
  finding(doctor('check-gate'), 'warning', {
    message: doctor('gate-silent', { address: '::', port: 8443 }),
    remedy: doctor('remedy-gate-silent'),
  }),
];
const failedIn = (findings: readonly Finding[]): readonly string[] =>
  findings.filter(({ outcome }) => outcome === 'failed').map(({ check, message }) => `${check}: ${message}`);

describe('the proof of an update', () => {
  const note = noteOf(working, gateAnswers);

  test('notes what the box does', () => {
    assert.deepEqual(note, {
      isGalleryOpen: true,
      cameras: ['door'],
      isBrokerReached: true,
      doesGateAnswer: true,
    } satisfies UpdateNote);
  });

  test('holds where the box does what it did', () => {
    assert.deepEqual(failedIn(proofOf(note, working, gateAnswers)), []);
    assert.equal(proofOf(note, working, gateAnswers).length, 4);
  });

  for (const [what, status, gate, expected] of [
    [
      'a gallery that does not open',
      {
        gallery: {
          ...working.gallery,
          state: 'sealed',
          message: 'the key is missing',
          remedy: 'Put it back.',
        },
      },
      gateAnswers,
      /^gallery: SEALED.*the key is missing$/,
    ],
    [
      'a camera of which no frame was analysed',
      { cameras: [streaming('door', 0)] },
      gateAnswers,
      /^camera door: /,
    ],
    [
      'a camera that is gone',
      { cameras: [] },
      gateAnswers,
      /^camera door: the box no longer has this camera$/,
    ],
    [
      'a camera that fails',
      {
        cameras: [
          { ...door, state: 'failed', message: 'the camera refused the password', remedy: 'Check it.' },
        ],
      },
      gateAnswers,
      /^camera door: the camera refused the password$/,
    ],
    [
      'an event that the broker does not accept',
      { broker: { ...connected, takenKinds: [] } },
      gateAnswers,
      /^events: .*accepted/,
    ],
    [
      'a start without an event',
      { events: { recorded: 0 }, broker: { ...connected, takenKinds: [] } },
      gateAnswers,
      /^events: no event/,
    ],
    ['a silent gate', {}, gateIsSilent, /^gate: does not answer/],
  ] as const) {
    test(`fails for ${what}, and says what to do`, () => {
      const found = proofOf(note, { ...working, ...(status as Partial<BoxStatus>) }, gate);
      const [only, ...others] = failedIn(found);
      assert.match(only ?? '', expected);
      assert.deepEqual(others, []);
      for (const { outcome, remedy } of found) assert.ok(outcome !== 'failed' || remedy !== undefined);
    });
  }

  test('does not count what failed before', () => {
    const broken: BoxStatus = {
      ...working,
      gallery: { ...working.gallery, state: 'sealed' },
      cameras: [{ ...door, state: 'failed', message: 'off', remedy: 'Switch it on.' }],
      broker: { state: 'waiting', takenKinds: [], heldKinds: [] },
    };
    const before = noteOf(broken, gateIsSilent);
    assert.deepEqual(before, emptyNote);
    assert.deepEqual(failedIn(proofOf(before, broken, gateIsSilent)), []);
  });

  test('does not wait for a passphrase, which someone enters after every start', () => {
    const sealed = {
      ...working,
      gallery: { ...working.gallery, state: 'sealed', keyProvider: 'passphrase' },
    } as const;
    assert.deepEqual(failedIn(proofOf(note, sealed, gateAnswers)), []);
  });
});

describe('the report of an update', () => {
  const show = (time: string) => time.slice(11, 16);
  const last = {
    outcome: 'undone',
    why: 'not-proven',
    from: '1.0.0',
    to: '1.1.0',
    at: '2026-11-28T02:03:04Z',
  };
  const found = async (files: Readonly<Record<string, unknown>>): Promise<readonly Finding[]> => {
    await using folder = await temporaryDirectory();
    for (const [name, content] of Object.entries(files))
      await writeFile(
        join(folder.path, name),
        typeof content === 'string' ? content : JSON.stringify(content),
      );
    return updateFindings(await readUpdateReport(folder.path), show);
  };

  test('has nothing to say before the first update, and of a file that cannot be read', async () => {
    assert.deepEqual(await found({}), []);
    assert.deepEqual(await found({ 'last.json': '{"outcome":' }), []);
  });

  test('names the version that was proven', async () => {
    const [only] = await found({ 'last.json': { ...last, outcome: 'proven', why: undefined } });
    assert.equal(only?.outcome, 'ok');
    assert.match(only.message, /^1\.0\.0 was updated to 1\.1\.0 at 02:03/);
  });

  test('says in the language of the reader why an update was undone', async () => {
    const findings = proofOf({ ...emptyNote, cameras: ['door'] }, { ...working, cameras: [] }, []);
    const proof = { at: last.at, isProven: false, findings };
    const [only] = await found({ 'last.json': last, 'proof.json': proof });
    assert.equal(only?.outcome, 'warning');
    assert.match(only.message, /: camera door: the box no longer has this camera$/);
    assert.match(only.remedy ?? '', /rollcall update apply/);
    const german = installedLanguages().ofTerminal({ LANG: 'de_DE.UTF-8' });
    assert.match(inLanguage(only, german).message, /: Kamera door: die Box hat diese Kamera nicht mehr$/);
  });

  test('says that an update is not finished', async () => {
    await using folder = await temporaryDirectory();
    await mkdir(join(folder.path, 'way-back'));
    const [only] = updateFindings(await readUpdateReport(folder.path), show);
    assert.match(only?.message ?? '', /running or was interrupted/);
  });
});
