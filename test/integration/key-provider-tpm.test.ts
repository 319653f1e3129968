import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { keyIdOf } from '../../daemon/core/gallery/keys/key-id.js';
import { TpmKeyProvider } from '../../daemon/core/gallery/keys/tpm-key-provider.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { Tpm, type TpmOptions } from '../../daemon/host/tpm.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { outcomeOf } from '../support/key-outcome.js';
import { type SoftwareTpm, startSoftwareTpm, withoutSoftwareTpm } from '../support/software-tpm.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

function providerOf({ tcti, workDirectory }: SoftwareTpm, options: Partial<TpmOptions> = {}): TpmKeyProvider {
  return new TpmKeyProvider(new Tpm({ clock: systemClock, tcti, workDirectory, ...options }));
}

describe('a key sealed by the TPM', { skip: withoutSoftwareTpm }, () => {
  test('opens again after the machine was switched off and on', async () => {
    await using tpm = await startSoftwareTpm();
    const { kek, parameters } = await providerOf(tpm).create();
    await tpm.stop();
    await tpm.start();
    const recovery = await providerOf(tpm).recover(keyIdOf(kek), parameters);
    assert.deepEqual(recovery, { outcome: 'recovered', kek });
  });

  test('does not open in another TPM', async () => {
    await using tpm = await startSoftwareTpm();
    await using other = await startSoftwareTpm();
    const { kek, parameters } = await providerOf(tpm).create();
    const recovery = await providerOf(other).recover(keyIdOf(kek), parameters);
    assert.equal(outcomeOf(recovery), 'tpm-refused');
  });

  test('does not open in another TPM that is given its id', async () => {
    await using tpm = await startSoftwareTpm();
    await using other = await startSoftwareTpm();
    const { kek, parameters } = await providerOf(tpm).create();
    const { parameters: others } = await providerOf(other).create();
    const doctored = { ...parameters, parentName: others['parentName'] ?? '' };
    const recovery = await providerOf(other).recover(keyIdOf(kek), doctored);
    assert.equal(outcomeOf(recovery), 'key-slot-damaged');
  });

  test('does not open once the TPM was cleared', async () => {
    await using tpm = await startSoftwareTpm();
    const { kek, parameters } = await providerOf(tpm).create();
    tpm.tool('tpm2_clear');
    const recovery = await providerOf(tpm).recover(keyIdOf(kek), parameters);
    assert.equal(outcomeOf(recovery), 'tpm-refused');
  });

  test('is refused as damaged if a byte of the sealed data was altered', async () => {
    await using tpm = await startSoftwareTpm();
    const provider = providerOf(tpm);
    const { kek, parameters } = await provider.create();
    for (const part of ['publicPart', 'privatePart'] as const) {
      const bytes = Buffer.from(String(parameters[part]), 'base64');
      bytes.writeUInt8(bytes.readUInt8(bytes.length - 1) ^ 1, bytes.length - 1);
      const altered = { ...parameters, [part]: bytes.toString('base64') };
      const recovery = await provider.recover(keyIdOf(kek), altered);
      assert.equal(outcomeOf(recovery), 'key-slot-damaged', part);
    }
  });

  test('is distinguished from another key of the same TPM', async () => {
    await using tpm = await startSoftwareTpm();
    const provider = providerOf(tpm);
    const first = await provider.create();
    const second = await provider.create();
    const recovery = await provider.recover(keyIdOf(first.kek), second.parameters);
    assert.equal(outcomeOf(recovery), 'wrong-key');
  });

  test('can be made and opened by many processes at once, in a TPM that another program left full', async () => {
    await using tpm = await startSoftwareTpm();
    for (let held = 0; held < 3; held += 1) tpm.tool('tpm2_createprimary', '-Q', '-C', 'o');
    assert.throws(() => tpm.tool('tpm2_createprimary', '-Q', '-C', 'o'), /out of memory/);
    const provider = providerOf(tpm);
    const { kek, parameters } = await provider.create();
    const attempts = Array.from({ length: 4 }, () => provider.recover(keyIdOf(kek), parameters));
    for (const recovery of await Promise.all(attempts)) {
      assert.deepEqual(recovery, { outcome: 'recovered', kek });
    }
    assert.equal(tpm.tool('tpm2_getcap', 'handles-transient').trim(), '', 'nothing stays loaded');
    assert.equal(tpm.tool('tpm2_getcap', 'handles-saved-session').trim(), '', 'no session stays');
    assert.deepEqual(readdirSync(tpm.workDirectory), [], 'no file stays');
  });
});

describe('the way of a key to the TPM and back', { skip: withoutSoftwareTpm }, () => {
  test('shows it in no argument, environment or file of the programs', async () => {
    await using tpm = await startSoftwareTpm();
    await using tools = await recordingTools();
    const provider = providerOf(tpm, { searchPath: tools.path });
    const { kek, parameters } = await provider.create();
    await provider.recover(keyIdOf(kek), parameters);
    const recorded = tools.recorded();
    assert.match(recorded, /-i - -u public/, 'the programs were recorded');
    assert.match(recorded, /TPM2TOOLS_TCTI/, 'and their environment');
    const key = Buffer.from(kek);
    for (const form of [key.toString('latin1'), key.toString('hex'), key.toString('base64')]) {
      assert.ok(!recorded.includes(form));
    }
  });

  test('does not show it on the wires to the TPM', async () => {
    await using tpm = await startSoftwareTpm();
    const provider = providerOf(tpm);
    const { kek, parameters } = await provider.create();
    await provider.recover(keyIdOf(kek), parameters);
    const digits = Buffer.from(kek).toString('hex');
    assert.ok(!tpm.wires().includes(digits));

    // The tap does hear what is said in clear.
    const path = join(tpm.workDirectory, 'clear');
    writeFileSync(path, kek);
    const parent = join(tpm.workDirectory, 'parent');
    tpm.tool('tpm2_createprimary', '-Q', '-C', 'o', '-c', parent);
    const parts = ['-u', join(tpm.workDirectory, 'u'), '-r', join(tpm.workDirectory, 'r')];
    tpm.tool('tpm2_create', '-Q', '-C', parent, '-i', path, ...parts);
    assert.ok(tpm.wires().includes(digits));
  });
});

describe('a machine that cannot seal', { skip: withoutSoftwareTpm }, () => {
  test('because the programs are missing names the package', async () => {
    await using folder = await temporaryDirectory();
    await using tpm = await startSoftwareTpm();
    const provider = providerOf(tpm, { searchPath: folder.path });
    await assert.rejects(
      () => provider.create(),
      (error) => isRollcallError(error, 'tpm-tools-missing') && /tpm2-tools/.test(error.remedy ?? ''),
    );
    assert.equal((await provider.inspect()).isUsable, false);
  });

  test('because it has no TPM reports that, when it makes a key and when it opens one', async () => {
    await using tpm = await startSoftwareTpm();
    const provider = providerOf(tpm);
    const { kek, parameters } = await provider.create();
    assert.equal((await provider.inspect()).isUsable, true);
    await tpm.stop();
    await assert.rejects(
      () => provider.create(),
      (error) => isRollcallError(error, 'tpm-missing'),
    );
    const recovery = await provider.recover(keyIdOf(kek), parameters);
    assert.equal(outcomeOf(recovery), 'tpm-missing');
    assert.equal((await provider.inspect()).isUsable, false);
    assert.deepEqual(readdirSync(tpm.workDirectory), []);
  });

  test('because the device does not exist reports that, not the error of a program', async () => {
    await using tpm = await startSoftwareTpm();
    const report = await providerOf(tpm, { tcti: 'device:/dev/no-such-tpm' }).inspect();
    assert.equal(report.isUsable, false);
    assert.match(report.message, /the device does not exist/);
    assert.match(report.remedy ?? '', /firmware/);
  });

  test('because the TPM has an owner password shows the error of the TPM', async () => {
    await using tpm = await startSoftwareTpm();
    tpm.tool('tpm2_changeauth', '-c', 'owner', 'somebody');
    await assert.rejects(
      () => providerOf(tpm).create(),
      (error) => isRollcallError(error, 'tpm-refused') && /authorization failure/.test(error.message),
    );
  });

  test('because the TPM does not answer gives up in time, and can seal once the TPM answers', async () => {
    await using tpm = await startSoftwareTpm();
    const clock = new VirtualClock();
    const provider = providerOf(tpm, { clock, timeoutMs: 1000 });
    const { kek, parameters } = await provider.create();
    tpm.freeze();
    const recovering = provider.recover(keyIdOf(kek), parameters);
    let hasEnded = false;
    void recovering.finally(() => {
      hasEnded = true;
    });
    await until('the recovery to be given up', () => {
      clock.advanceBy(1000);
      return hasEnded;
    });
    assert.equal(outcomeOf(await recovering), 'tpm-silent');
    tpm.thaw();
    assert.equal(outcomeOf(await provider.recover(keyIdOf(kek), parameters)), 'recovered');
  });

  test('because it lacks a working directory reports that', async () => {
    await using tpm = await startSoftwareTpm();
    const provider = providerOf(tpm, { workDirectory: join(tpm.workDirectory, 'none') });
    await assert.rejects(
      () => provider.create(),
      (error) => isRollcallError(error, 'tpm-work-directory'),
    );
    const { kek, parameters } = await providerOf(tpm).create();
    assert.equal(outcomeOf(await provider.recover(keyIdOf(kek), parameters)), 'tpm-work-directory');
  });
});

/** Programs called like those of tpm2-tools that write down what they see, and then do what those do. */
async function recordingTools(): Promise<{ path: string; recorded(): string } & AsyncDisposable> {
  const folder = await temporaryDirectory();
  const bin = join(folder.path, 'bin');
  const record = join(folder.path, 'record');
  mkdirSync(bin);
  const names = [
    'createprimary',
    'readpublic',
    'startauthsession',
    'sessionconfig',
    'create',
    'load',
    'unseal',
  ];
  for (const name of [...names, 'flushcontext', 'getcap'].map((each) => `tpm2_${each}`)) {
    const script = join(bin, name);
    const lines = [
      '#!/bin/sh',
      `echo "$@" >>${record}`,
      `cat /proc/$$/environ >>${record}`,
      `PATH=${process.env['PATH']} ${name} "$@"`,
      'ended=$?',
      `cat ./* >>${record} 2>/dev/null`,
      'exit $ended',
    ];
    writeFileSync(script, lines.join('\n'));
    chmodSync(script, 0o700);
  }
  return {
    path: `${bin}:/usr/bin:/bin`,
    recorded: () => readFileSync(record, 'latin1'),
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}
