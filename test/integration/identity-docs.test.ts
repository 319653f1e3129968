import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { importBoxKey } from '../../daemon/core/identity/box-key.js';
import { fingerprintOf } from '../../daemon/core/identity/public-key.js';
import { signText, verifySignedText } from '../../daemon/core/identity/signed-text.js';
import { docBlocks } from '../support/doc-blocks.js';
import { temporaryFolder } from '../support/published-box.js';

const page = readFileSync(new URL('../../docs/reference/identity.md', import.meta.url), 'utf8');

const blocks = (language: string) =>
  docBlocks('docs/reference/identity.md', language).map(({ text }) => text.trimEnd());
const [message = '', keyText = ''] = blocks('json');
const [commands = ''] = blocks('sh');
const key = await importBoxKey(Buffer.from(Array.from({ length: 64 }, (_, index) => index)));
const payload = '{"id":"1","data":{"place":"Café"}}';

const missing = ['bash', 'jq', 'openssl', 'xxd'].filter(
  (program) => spawnSync(program, ['--version']).error !== undefined,
);
const withoutTools: string | false = missing.length > 0 && `not installed: ${missing.join(', ')}`;

/** Whether the lines of the page, run in an empty directory, report `text` as verified. */
function isVerified(text: string, jwk = keyText): boolean {
  using folder = temporaryFolder();
  writeFileSync(join(folder.path, 'message.json'), text);
  writeFileSync(join(folder.path, 'key.json'), jwk);
  const { status } = spawnSync('bash', ['-e', '-c', commands], { cwd: folder.path, encoding: 'utf8' });
  return status === 0;
}

describe('docs/reference/identity.md', () => {
  test('shows the message that the box makes of these bytes', async () => {
    assert.equal(await signText(payload, key, Date.UTC(2026, 2, 1, 8)), message);
    assert.deepEqual(JSON.parse(keyText), key.verifying);
    assert.equal(Buffer.byteLength(payload), 35);
    assert.ok(page.includes(`the ${Buffer.byteLength(payload)} bytes \`${payload}\``));
    assert.ok(page.includes(`signs with the key ${key.keyId} since`));
    assert.ok(page.includes(`fingerprint: ${fingerprintOf(key.keyId)}`));
    const verdict = await verifySignedText(message, () => key.verifying);
    assert.equal(verdict.outcome === 'valid' && verdict.json, payload);
  });

  test('has commands that verify it, with and without a line end', { skip: withoutTools }, () => {
    assert.ok(isVerified(message));
    assert.ok(isVerified(`${message}\n`), 'as mosquitto_sub prints it');
  });

  test('has commands that refuse it when it is altered', { skip: withoutTools }, async () => {
    const other = await importBoxKey(Buffer.alloc(64, 1));
    const last = message.at(-3) === 'A' ? 'B' : 'A';
    const altered = [
      message.replace('Café', 'Cafe'),
      message.replace('"id":"1"', '"id":"2"'),
      message.replace('"id":"1"', '"id": "1"'),
      message.replace('..', `..${last}`),
      await signText(payload, { ...other, keyId: key.keyId }, Date.UTC(2026, 2, 1, 8)),
      payload,
      '',
    ];
    for (const text of altered) assert.equal(isVerified(text), false, text);
    assert.equal(isVerified(message, JSON.stringify(other.verifying)), false, 'another key');
  });
});
