import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CommandResult, rollcall } from '../support/box.js';
import { docBlocks } from '../support/doc-blocks.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { temporaryFolder } from '../support/published-box.js';
import { withoutOpenssl } from '../support/test-certificate.js';

const page = 'docs/how-to/connect-the-broker.md';

/** The first code block of the page in `language`. */
function block(language: string): string {
  const [first] = docBlocks(page, language);
  assert.ok(first !== undefined, `${page} has no block of ${language}`);
  return first.text;
}

function mqttCheck(config: string, ...options: readonly string[]): Promise<CommandResult> {
  return rollcall(['mqtt', 'check', '--config', config, ...options]);
}

test('docs/how-to/connect-the-broker.md leads to a broker that the box can use', {
  skip: withoutMosquitto || withoutOpenssl,
}, async () => {
  using folder = temporaryFolder();
  const at = (name: string): string => join(folder.path, name);
  const commands = block('sh').replaceAll('broker.example', 'localhost');
  const made = spawnSync('bash', ['-e', '-c', commands], { cwd: folder.path, encoding: 'utf8' });
  assert.equal(made.status, 0, made.stderr);
  const pem = (name: string): string => readFileSync(at(name), 'utf8');
  // As clients in Python 3.13 and later do.
  const chain = ['-x509_strict', '-CAfile', 'ca.pem', 'broker.pem', 'box-1.pem', 'centre.pem'];
  const verified = spawnSync('openssl', ['verify', ...chain], { cwd: folder.path, encoding: 'utf8' });
  assert.equal(verified.status, 0, verified.stderr);
  await using broker = await startMosquitto({
    tls: { certificate: pem('broker.pem'), key: pem('broker.key') },
    exampleFor: { authority: pem('ca.pem') },
  });

  mkdirSync(at('secrets'), { mode: 0o700 });
  copyFileSync(at('box-1-certificate-and-key.pem'), at('secrets/broker-client'));
  const settings = block('yaml')
    .replace('mqtts://broker.example:8883', broker.url)
    .replace('/etc/rollcall/broker-ca.pem', at('ca.pem'));
  const places = `dataDir: ${at('data')}\nsecretsDir: ${at('secrets')}\ncontrol: { socketPath: ${at('control.sock')} }\n`;
  writeFileSync(at('rollcall.yaml'), settings + places);

  const text = await mqttCheck(at('rollcall.yaml'));
  assert.equal(text.exitCode, 0, text.stdout + text.stderr);
  assert.match(text.stdout, /^ok {7}receive: the message came back$/m);
  assert.match(text.stdout, /^warning {2}events: /m, 'doctor warns because the daemon does not run');

  copyFileSync(at('centre-certificate-and-key.pem'), at('secrets/broker-client'));
  const asCentre = await mqttCheck(at('rollcall.yaml'), '--json');
  assert.equal(asCentre.exitCode, 1);
  const steps: unknown = JSON.parse(asCentre.stdout);
  assert.ok(Array.isArray(steps));
  const failed = steps.filter(({ outcome }) => outcome === 'failed');
  assert.deepEqual(
    failed.map(({ check, code }) => [check, code]),
    [['publish', 'broker-publish-refused']],
  );

  writeFileSync(at('secrets/broker-client'), pem('box-1.pem'), { mode: 0o600 });
  const keyless = await mqttCheck(at('rollcall.yaml'), '--json');
  assert.equal(keyless.exitCode, 2);
  assert.match(keyless.stdout, /client-certificate-form/);
});
