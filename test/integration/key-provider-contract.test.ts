import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { keyIdOf } from '../../daemon/core/gallery/keys/key-id.js';
import type {
  InspectableKeyProvider,
  KeyInput,
  KeyRecovery,
  KeySlotParameters,
} from '../../daemon/core/gallery/keys/key-provider.js';
import { PassphraseKeyProvider } from '../../daemon/core/gallery/keys/passphrase-key-provider.js';
import { SecretKeyProvider } from '../../daemon/core/gallery/keys/secret-key-provider.js';
import { TpmKeyProvider } from '../../daemon/core/gallery/keys/tpm-key-provider.js';
import { createKeyFile } from '../../daemon/host/key-file.js';
import { wipe } from '../../daemon/host/sodium.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { Tpm } from '../../daemon/host/tpm.js';
import { outcomeOf } from '../support/key-outcome.js';
import { startSoftwareTpm, withoutSoftwareTpm } from '../support/software-tpm.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** One kind of provider, ready to make two keys, as a process finds it. */
interface Bench extends AsyncDisposable {
  readonly input: KeyInput;
  /** As another process, or this one after a restart, would make it. */
  provider(): InspectableKeyProvider;
}

interface Kind {
  readonly name: string;
  readonly skip: string | false;
  open(): Promise<Bench>;
}

const kinds: readonly Kind[] = [
  {
    name: 'secret',
    skip: false,
    async open() {
      const folder = await temporaryDirectory();
      await createKeyFile(`${folder.path}/gallery-key`, randomBytes(32));
      await createKeyFile(`${folder.path}/gallery-key.next`, randomBytes(32));
      const places = { credentialsDirectory: '', secretsDirectory: folder.path };
      return {
        input: {},
        provider: () => new SecretKeyProvider('gallery-key', places),
        [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
      };
    },
  },
  {
    name: 'passphrase',
    skip: false,
    async open() {
      const cost = { passes: 1, memoryBytes: 64 * 1024 };
      return {
        input: { passphrase: Buffer.from('six words that nobody would guess') },
        provider: () => new PassphraseKeyProvider({ clock: systemClock, cost }),
        [Symbol.asyncDispose]: async () => undefined,
      };
    },
  },
  {
    name: 'tpm',
    skip: withoutSoftwareTpm,
    async open() {
      const tpm = await startSoftwareTpm();
      const { tcti, workDirectory } = tpm;
      return {
        input: {},
        provider: () => new TpmKeyProvider(new Tpm({ clock: systemClock, tcti, workDirectory })),
        [Symbol.asyncDispose]: () => tpm[Symbol.asyncDispose](),
      };
    },
  },
];

/** As the gallery keeps parameters. */
const kept = (parameters: KeySlotParameters): KeySlotParameters => JSON.parse(JSON.stringify(parameters));

function kekOf(recovery: KeyRecovery): Uint8Array {
  assert.equal(recovery.outcome, 'recovered');
  return recovery.outcome === 'recovered' ? recovery.kek : new Uint8Array();
}

for (const { name, skip, open } of kinds) {
  describe(`the key provider "${name}"`, { skip }, () => {
    test('gives the same key again, also in another process, from the parameters that were kept', async () => {
      await using bench = await open();
      const { kek, parameters } = await bench.provider().create('first', bench.input);
      assert.equal(kek.length, 32);
      assert.ok(kek.some((byte) => byte !== 0));
      const recovery = await bench.provider().recover(keyIdOf(kek), kept(parameters), bench.input);
      assert.deepEqual(kekOf(recovery), kek);
    });

    test('gives each key in its own memory: wiping one does not change the next', async () => {
      await using bench = await open();
      const provider = bench.provider();
      const { kek, parameters } = await provider.create('first', bench.input);
      const id = keyIdOf(kek);
      wipe(kek);
      const first = kekOf(await provider.recover(id, parameters, bench.input));
      wipe(first);
      const second = kekOf(await provider.recover(id, parameters, bench.input));
      assert.equal(keyIdOf(second), id);
    });

    test('does not wipe the passphrase of the caller', async () => {
      await using bench = await open();
      const before = bench.input.passphrase === undefined ? undefined : Buffer.from(bench.input.passphrase);
      const { kek, parameters } = await bench.provider().create('first', bench.input);
      await bench.provider().recover(keyIdOf(kek), parameters, bench.input);
      if (before !== undefined) assert.deepEqual(bench.input.passphrase, before);
    });

    test('makes another key for a rotation, and gives both until the rotation has ended', async () => {
      await using bench = await open();
      const first = await bench.provider().create('first', bench.input);
      const next = await bench.provider().create('rotation', bench.input);
      assert.notDeepEqual(next.kek, first.kek);
      for (const { kek, parameters } of [first, next]) {
        const recovery = await bench.provider().recover(keyIdOf(kek), kept(parameters), bench.input);
        assert.deepEqual(kekOf(recovery), kek);
      }
      await bench.provider().settle(keyIdOf(next.kek));
      await bench.provider().settle(keyIdOf(next.kek));
      const after = await bench.provider().recover(keyIdOf(next.kek), kept(next.parameters), bench.input);
      assert.deepEqual(kekOf(after), next.kek);
    });

    test('refuses to give a key under another id', async () => {
      await using bench = await open();
      const { parameters } = await bench.provider().create('first', bench.input);
      const recovery = await bench.provider().recover('0123456789abcdef', parameters, bench.input);
      assert.equal(recovery.outcome, 'refused');
      const expected = name === 'passphrase' ? 'wrong-passphrase' : 'wrong-key';
      assert.equal(outcomeOf(recovery), expected);
      assert.ok(recovery.outcome === 'refused' && recovery.message !== '' && recovery.remedy !== '');
    });

    test('neither keeps nor shows the key in clear', async () => {
      await using bench = await open();
      const { kek, parameters } = await bench.provider().create('first', bench.input);
      const provider = bench.provider();
      const report = await provider.inspect();
      assert.equal(report.isUsable, true, report.message);
      const refusal = await provider.recover('0123456789abcdef', parameters, bench.input);
      const said = JSON.stringify([parameters, report, refusal, provider.description]);
      const key = Buffer.from(kek);
      for (const form of [key.toString('hex'), key.toString('base64'), key.toString('base64').slice(0, 40)]) {
        assert.ok(!said.includes(form));
      }
    });
  });
}
