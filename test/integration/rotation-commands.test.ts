import assert from 'node:assert/strict';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { type KeyStatus, keyOperations } from '../../daemon/contract/keys.js';
import { startControlServer } from '../../daemon/core/api/server.js';
import { AuditKeeper } from '../../daemon/core/audit/audit-keeper.js';
import { openGalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import { GalleryKeys, keyHandlers } from '../../daemon/core/gallery/gallery-keys.js';
import { GalleryVault } from '../../daemon/core/gallery/gallery-vault.js';
import type { KeyProviders } from '../../daemon/core/gallery/keys/key-providers.js';
import { PassphraseKeyProvider } from '../../daemon/core/gallery/keys/passphrase-key-provider.js';
import { SecretKeyProvider } from '../../daemon/core/gallery/keys/secret-key-provider.js';
import { TpmKeyProvider } from '../../daemon/core/gallery/keys/tpm-key-provider.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { Tpm } from '../../daemon/host/tpm.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { type CommandResult, rollcall } from '../support/box.js';
import { temporaryDirectory, testDimensions, testRecogniser } from '../support/gallery-fixture.js';
import { cheapest, enrol } from '../support/rotation-fixture.js';

/** A directory with a configuration, to run commands on. */
class Place {
  readonly directory: string;
  readonly secrets: string;
  readonly #config: string;

  constructor(t: TestContext) {
    this.directory = temporaryDirectory(t);
    this.secrets = join(this.directory, 'secrets');
    this.#config = join(this.directory, 'rollcall.yaml');
    mkdirSync(this.secrets, { mode: 0o700 });
    const lines = [
      'site: { id: site, timeZone: UTC }',
      'box: { id: box }',
      'cameras: []',
      `dataDir: ${this.directory}`,
      `secretsDir: ${this.secrets}`,
      `control: { socketPath: ${this.directory}/control.sock }`,
    ];
    writeFileSync(this.#config, `${lines.join('\n')}\n`);
  }

  secret(suffix = ''): string {
    return join(this.secrets, `gallery-key${suffix}`);
  }

  /** What the part of a daemon that has to do with keys does. */
  async serve(): Promise<AsyncDisposable & { readonly vault: GalleryVault }> {
    const path = join(this.directory, 'gallery.db');
    const openFile = () => openGalleryFile({ path, auditKey: new Uint8Array(32).fill(5), clock });
    const audit = new AuditKeeper({ clock, logger: silentLogger });
    const providers: KeyProviders = {
      secret: new SecretKeyProvider('gallery-key', {
        secretsDirectory: this.secrets,
        credentialsDirectory: '',
      }),
      passphrase: new PassphraseKeyProvider({ clock, cost: cheapest }),
      tpm: new TpmKeyProvider(new Tpm({ clock, workDirectory: this.directory, tcti: 'none' })),
    };
    const recogniserFor = async () => ({ id: testRecogniser, dimensions: testDimensions });
    const vault = await GalleryVault.start({
      path,
      openFile,
      audit,
      providers,
      recogniserFor,
      clock,
      logger: silentLogger,
    });
    const socketPath = join(this.directory, 'control.sock');
    const server = await startControlServer({
      operations: keyOperations,
      handlers: keyHandlers(new GalleryKeys({ vault, clock })),
      socketPath,
      logger: silentLogger,
    });
    return {
      vault,
      async [Symbol.asyncDispose]() {
        await server[Symbol.asyncDispose]();
        await vault[Symbol.asyncDispose]();
      },
    };
  }

  /** Runs `rollcall key …` with `input` as its standard input, which is not a terminal. */
  run(args: readonly string[], input?: string): Promise<CommandResult> {
    return rollcall(['key', ...args, '--config', this.#config], input);
  }

  async status(): Promise<KeyStatus> {
    const { stdout } = await this.run(['status', '--json']);
    return JSON.parse(stdout) as KeyStatus;
  }
}

describe('rollcall key', () => {
  test('makes, as root, a key that belongs to the owner of the secrets directory', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('only root can give files to another user');
    // The directory of a service may differ from root in its user, its group, or both.
    for (const [user, group] of [
      [12_345, 12_345],
      [12_345, 0],
      [0, 12_345],
    ] as const) {
      const place = new Place(t);
      chownSync(place.secrets, user, group);
      const made = await place.run(['init']);
      assert.equal(made.exitCode, 0, made.stderr);
      const { uid, gid, mode } = statSync(place.secret());
      assert.deepEqual([uid, gid, mode & 0o777], [user, group, 0o600]);
    }
  });

  test('makes a secret, rotates it, and replaces the old file with the new one', async (t) => {
    const place = new Place(t);
    const made = await place.run(['init', '--json']);
    assert.equal(made.exitCode, 0, made.stderr);
    assert.equal(JSON.parse(made.stdout).created, place.secret());
    assert.equal(statSync(place.secret()).mode & 0o777, 0o600);
    await using served = await place.serve();
    const { gallery } = served.vault.requireOpen();
    for (let seed = 1; seed <= 3; seed += 1) await enrol({ gallery }, seed);
    const before = await place.status();
    assert.equal(before.state, 'open');
    assert.deepEqual(
      before.slots.map(({ provider, isCurrent }) => ({ provider, isCurrent })),
      [{ provider: 'secret', isCurrent: true }],
    );
    const again = await place.run(['init']);
    assert.equal(again.exitCode, 2);
    assert.match(again.stderr, /already has a key/);

    const unasked = await place.run(['rotate']);
    assert.equal(unasked.exitCode, 2);
    assert.match(unasked.stderr, /use --yes/);
    assert.equal(existsSync(place.secret('.next')), false);

    const told = await place.run(['rotate', '--yes']);
    assert.match(told.stdout, /^The copy of the old key .* no longer opens .*copy of the new key\.$/m);
    for (const depth of [[], ['--deep']]) {
      const old = await place.status();
      const rotated = await place.run(['rotate', ...depth, '--yes', '--json']);
      assert.equal(rotated.exitCode, 0, rotated.stderr);
      const result = JSON.parse(rotated.stdout);
      assert.equal(result.isFinished, true);
      assert.equal(result.rotation.total, 3);
      assert.notEqual(result.keyId, old.slots[0]?.keyId);
      assert.equal(existsSync(place.secret('.next')), false);
    }
    const text = await place.run(['status']);
    assert.match(text.stdout, /gallery: open/);
    assert.match(text.stdout, /deep rotation from [0-9a-f]{16} to [0-9a-f]{16}: finished, 3 of 3 data keys/);
  });

  test('continues after an interrupted earlier run', async (t) => {
    const place = new Place(t);
    await place.run(['init']);
    await using _served = await place.serve();
    // Broken off before the daemon was asked: the file for the new key is there.
    writeFileSync(place.secret('.next'), Buffer.alloc(32, 9), { mode: 0o600 });
    const first = await place.run(['rotate', '--yes', '--json']);
    assert.equal(first.exitCode, 0, first.stderr);
    assert.deepEqual(readFileSync(place.secret()), Buffer.alloc(32, 9));
    // Broken off at its end: the new key is in force, and its file not yet in the place of the old one.
    renameSync(place.secret(), place.secret('.next'));
    writeFileSync(place.secret(), Buffer.alloc(32, 8), { mode: 0o600 });
    const second = await place.run(['rotate', '--yes', '--json']);
    assert.equal(second.exitCode, 0, second.stderr);
    assert.equal(JSON.parse(second.stdout).keyId, JSON.parse(first.stdout).keyId, 'no second rotation');
    assert.deepEqual(readFileSync(place.secret()), Buffer.alloc(32, 9));
    assert.equal(existsSync(place.secret('.next')), false);
  });

  test('changes to a passphrase, and opens the sealed gallery with it from standard input', async (t) => {
    const place = new Place(t);
    const words = 'six random words, nobody knows them';
    await place.run(['init']);
    {
      await using _served = await place.serve();
      const weak = await place.run(['rotate', '--provider', 'passphrase', '--yes'], 'short\n');
      assert.equal(weak.exitCode, 2);
      assert.match(weak.stderr, /too weak/);
      const rotated = await place.run(
        ['rotate', '--provider', 'passphrase', '--wait', '--yes'],
        `${words}\n`,
      );
      assert.equal(rotated.exitCode, 0, rotated.stderr);
      assert.match(rotated.stdout, /opens only backups/);
      assert.equal((rotated.stdout + rotated.stderr).includes(words), false);
    }
    await using _again = await place.serve();
    const sealed = await place.status();
    assert.equal(sealed.state, 'sealed');
    assert.equal(sealed.reason?.code, 'passphrase-needed');
    const refused = await place.run(['rotate', '--yes'], words);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /sealed/);
    const wrong = await place.run(['unlock'], 'some other words entirely');
    assert.equal(wrong.exitCode, 1);
    assert.match(wrong.stdout, /does not open/);
    const opened = await place.run(['unlock', '--json'], `${words}\r\n`);
    assert.equal(opened.exitCode, 0, opened.stderr);
    assert.equal(JSON.parse(opened.stdout).state, 'open');
  });

  test('gives a new gallery a passphrase, and lists the providers', async (t) => {
    const place = new Place(t);
    const unreachable = await place.run(['init', '--provider', 'passphrase'], 'words that are long enough');
    assert.equal(unreachable.exitCode, 3);
    await using _served = await place.serve();
    assert.equal((await place.status()).reason?.code, 'key-not-initialised');
    const made = await place.run(['init', '--provider', 'passphrase'], 'words that are long enough\n');
    assert.equal(made.exitCode, 0, made.stderr);
    assert.match(made.stdout, /gallery: open/);
    const providers = await place.run(['providers', '--json']);
    const kinds = (JSON.parse(providers.stdout) as { kind: string }[]).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['secret', 'passphrase', 'tpm']);
  });
});
