import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { newKeyPair, openSealed } from '../../daemon/host/sealed-box.js';
import { newIssuer, token, trust } from '../support/command-centre.js';
import { openCommandedBox } from '../support/commanded-box.js';
import { attendanceFact, everyNotice, unknownFact } from '../support/facts.js';
import { noiseJpeg } from '../support/gallery-fixture.js';

test('a centre gets the evidence picture of an event sealed to its key, and the audit log names the issuer', async () => {
  await using box = await openCommandedBox();
  const issuer = await newIssuer('head-office');
  await trust(box.records.commands.trust, issuer);
  const pair = newKeyPair();
  const sealTo = Buffer.from(pair.publicKey).toString('base64url');
  const ask = async (event: string, to = sealTo) => {
    const id = randomUUID();
    const given = { command: 'request-picture', id, arguments: { event, sealTo: to } };
    await box.receiver.receive('request-picture', await token(issuer, given));
    return box.answer(id);
  };
  const jpeg = noiseJpeg(7, 9_000);
  const kept = box.records.record(unknownFact());
  const { cameraId, occurredAtMs: takenAtMs } = unknownFact();
  box.vault.gallery().addEvidence({ kind: 'unknown', eventId: kept.id, cameraId, takenAtMs, jpeg });

  const done = await ask(kept.id);
  assert.equal(done.outcome, 'done', JSON.stringify(done));
  const opened = openSealed(pair, Buffer.from(String(done.result?.['sealed']), 'base64url'));
  assert.deepEqual(opened && Buffer.from(opened), Buffer.from(jpeg));
  const read = box.vault.audit.list({ action: 'evidence.read', limit: 10 });
  assert.deepEqual(
    read.map(({ actor, subject }) => [actor, subject]),
    [['issuer:head-office', kept.id]],
  );

  const without = box.records.record(attendanceFact());
  assert.equal((await ask(without.id)).code, 'no-such-picture');
  const [notice = assert.fail()] = everyNotice;
  assert.equal((await ask(box.records.record(notice).id)).code, 'no-such-picture');
  assert.equal((await ask('01977a2e-5b1c-7d3e-9f20-6a4c81e0b7d2')).code, 'no-such-event');
  assert.equal((await ask(kept.id, Buffer.alloc(32).toString('base64url'))).code, 'public-key-weak');
  assert.equal(
    box.vault.audit.list({ action: 'evidence.read', limit: 10 }).length,
    1,
    'only one picture was read',
  );
});
