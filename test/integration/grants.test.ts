import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { CommandScope } from '../../daemon/contract/command-scopes.js';
import { type AuditLog, openAuditLog } from '../../daemon/core/audit/audit-log.js';
import type { AcceptedCommand } from '../../daemon/core/commands/command-memory.js';
import { GrantWatch, lookAtGrantsEveryMs } from '../../daemon/core/commands/grant-watch.js';
import { Grants } from '../../daemon/core/commands/grants.js';
import { TrustedIssuers } from '../../daemon/core/commands/trusted-issuers.js';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { recordsApplicationId, recordsMigrations } from '../../daemon/core/records/records-schema.js';
import { GrantSeal } from '../../daemon/core/records/seals/grant-seal.js';
import { openDatabase } from '../../daemon/host/sqlite.js';
import { systemRandom } from '../../daemon/host/system-random.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import type { RetentionRule } from '../../daemon/kernel/retention/retention-rules.js';
import { stateDetail } from '../../daemon/kernel/stated-set.js';
import { type AuditFixture, auditKeyOf, openAuditFixture, somebody } from '../support/audit-fixture.js';
import { newIssuer } from '../support/command-centre.js';
import { openMemoryDatabase } from '../support/memory-database.js';
import { box } from '../support/published-box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const start = { by: { actor: 'daemon', origin: 'start' }, action: 'daemon.started' } as const;
const noCounts = () => ({ accepted: 0, executed: 0, repeated: 0, waiting: 0, refused: {} });
const days = 24 * 3_600_000;

/** records.db with the audit log that it is compared with, over starts of the box and changes behind its back. */
class Box {
  readonly fixture: AuditFixture;
  readonly path: string;
  /** What `trust-altered` is about now; undefined: all is well. */
  about: readonly string[] | undefined;
  auditKept: RetentionRule = 30;
  boxId = 'site/box';
  auditKeys: readonly Uint8Array[] = [auditKeyOf(7)];
  #log: AuditLog | undefined;
  #records: RecordStores | undefined;
  #watch: GrantWatch | undefined;

  constructor(directory: string) {
    this.fixture = openAuditFixture(join(directory, 'audit.db'));
    this.path = join(directory, 'records.db');
  }

  get log(): AuditLog {
    return this.#log ?? this.fixture.log;
  }

  get records(): RecordStores {
    assert.ok(this.#records);
    return this.#records;
  }

  get watch(): GrantWatch {
    assert.ok(this.#watch);
    return this.#watch;
  }

  get trust() {
    return new TrustedIssuers({
      store: this.records.commands.trust,
      watch: this.watch,
      audit: (entry) => void this.log.append(entry),
      counts: noCounts,
      clock: this.fixture.clock,
    });
  }

  /** Ends and starts, as `composeBox` does. */
  async start(): Promise<void> {
    await this.stop();
    const { clock, database } = this.fixture;
    const [key = auditKeyOf(7), ...formerKeys] = this.auditKeys;
    this.#log = openAuditLog({ database, key, formerKeys, clock });
    this.log.append(start);
    this.#records = openRecordStores({
      ...{ path: this.path, clock, random: systemRandom },
      encode: (event) => encodeEvent(event, box, {}),
      seal: new GrantSeal(this.boxId, this.auditKeys),
    });
    this.#watch = await new GrantWatch({
      ...{ grants: this.records.commands.grants, audit: this.log, clock, logger: silentLogger },
      auditKept: () => this.auditKept,
      conditions: {
        change: (_, __, { active = [] }) => {
          this.about = [...active].sort();
        },
        end: () => {
          this.about = undefined;
        },
      },
    }).start();
  }

  async stop(): Promise<void> {
    await this.#watch?.[Symbol.asyncDispose]();
    await this.#records?.[Symbol.asyncDispose]();
    this.#records = undefined;
  }

  async add(issuer: string, scopes: readonly CommandScope[] = ['events']): Promise<string> {
    const { publicText: key } = await newIssuer(issuer);
    return (await this.trust.add({ issuer, key, scopes }, somebody)).keyId;
  }

  /** Who is trusted. */
  issuers(): readonly string[] {
    return this.records.commands.trust.list().map(({ issuerId }) => issuerId);
  }

  /** Does something to the file as a person with the disk would, while the box is off or on. */
  tamper(...statements: readonly string[]): void {
    const database = openDatabase(this.path, {
      migrations: recordsMigrations,
      applicationId: recordsApplicationId,
    });
    for (const statement of statements) database.db.exec(statement);
    database.close();
  }

  actions(): readonly string[] {
    return this.log.list({ limit: 1000 }).map(({ action }) => action);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.fixture[Symbol.dispose]();
  }
}

async function withBox(work: (box: Box) => Promise<void>): Promise<void> {
  await using directory = await temporaryDirectory();
  await using opened = new Box(directory.path);
  await opened.start();
  await work(opened);
}

const saved = 'CREATE TABLE saved AS SELECT * FROM granted;';
const putBack = 'DELETE FROM granted; INSERT INTO granted SELECT * FROM saved; DROP TABLE saved;';

describe('rows that grant power', () => {
  test('are trusted after restarts, and the audit log has an entry for each change', () =>
    withBox(async (box) => {
      await box.add('head-office');
      box.records.commands.cameras.set('gate', false, (state) =>
        box.log.append({ by: somebody, action: 'camera.switched', details: stateDetail(state) }),
      );
      await box.add('branch-office');
      assert.equal(box.trust.remove('branch-office', undefined, somebody), 1);
      await box.start();
      assert.deepEqual(box.issuers(), ['head-office']);
      assert.deepEqual([...box.records.commands.cameras.all()], [['gate', false]]);
      assert.equal(box.about, undefined);
      assert.deepEqual(
        box.actions().filter((action) => !action.startsWith('daemon.')),
        ['trust.stated', 'trust.added', 'camera.switched', 'trust.added', 'trust.removed'],
      );
    }));

  test('are compared with the newest entry that states them, whatever else happens to cameras and alerts', () =>
    withBox(async (box) => {
      await box.add('head-office');
      for (const [action, subject] of [
        ['camera.created', 'gate'],
        ['camera.snapshot-taken', 'gate'],
        ['alert.muted', 'rule'],
        // An earlier version of the program did not state the grants with it.
        ['alert.channel-added', 'guards'],
      ] as const)
        box.log.append({ by: somebody, action, subject });
      await box.start();
      assert.deepEqual([box.issuers(), box.about], [['head-office'], undefined]);
    }));

  test('are not trusted after a row was added, also after a restart', () =>
    withBox(async (box) => {
      const keyId = await box.add('head-office');
      const stranger = `INSERT INTO granted SELECT kind, 'stranger', replace(content, 'head-office', 'stranger'), box,
                        revision, seal FROM granted;`;
      box.tamper(
        stranger,
        `INSERT INTO granted SELECT 'camera-switch', 'gate', '{"isEnabled":false}', box, revision, seal FROM granted LIMIT 1;`,
      );
      assert.deepEqual(box.issuers(), ['head-office']);
      assert.equal(box.records.commands.trust.find('stranger'), undefined);
      assert.equal(box.records.commands.cameras.all().size, 0);
      await box.start();
      assert.deepEqual(box.issuers(), ['head-office']);
      assert.ok(box.records.commands.trust.find(keyId));
      assert.deepEqual(box.about, ['not-sealed']);
      const { aside } = box.trust.list();
      assert.deepEqual(aside.map(({ reason, id }) => `${reason} ${id}`).sort(), [
        'not-sealed gate',
        'not-sealed stranger',
      ]);
      const entry = box.log.list({ action: 'trust.set-aside' })[0];
      assert.equal(entry?.details['found'], 'not-sealed:2');
      await box.start();
      assert.deepEqual(box.about, ['not-sealed'], 'until a person has looked');
      assert.equal(box.trust.dismiss(somebody), 2);
      assert.equal(box.about, undefined);
      assert.ok(box.actions().includes('trust.dismissed'));
      await box.start();
      assert.deepEqual(box.issuers(), ['head-office']);
    }));

  test('are not trusted if altered; unaltered rows are', () =>
    withBox(async (box) => {
      const keyId = await box.add('head-office');
      await box.add('branch-office');
      const wider = `UPDATE granted SET content = replace(content, '"events"', '"keys"') WHERE id = '${keyId}';`;
      box.tamper(wider);
      assert.equal(box.records.commands.trust.find(keyId), undefined);
      await box.start();
      assert.deepEqual(box.issuers(), ['branch-office']);
      assert.deepEqual(box.about, ['missing', 'not-sealed']);
    }));

  test('are not trusted if an earlier row was put back: a removed key stays removed', () =>
    withBox(async (box) => {
      const keyId = await box.add('former-office');
      await box.add('head-office');
      box.tamper(saved);
      box.trust.remove('former-office', undefined, somebody);
      box.tamper(`INSERT INTO granted SELECT * FROM saved WHERE id = '${keyId}'; DROP TABLE saved;`);
      assert.deepEqual(box.issuers(), ['head-office']);
      await box.start();
      assert.deepEqual(box.issuers(), ['head-office']);
      assert.deepEqual(box.about, ['put-back']);
    }));

  test('are not trusted after an older set was put back', () =>
    withBox(async (box) => {
      await box.add('former-office');
      await box.add('head-office');
      box.tamper(saved);
      box.trust.remove('former-office', undefined, somebody);
      await box.add('branch-office');
      box.tamper(putBack);
      await box.start();
      assert.deepEqual(box.issuers(), []);
      assert.deepEqual(box.about, ['missing', 'put-back']);
      // The set of just before the newest change: what was removed is not trusted, and the rest is.
      await box.add('head-office');
      await box.add('former-office');
      box.tamper(saved);
      box.trust.remove('former-office', undefined, somebody);
      box.tamper(putBack);
      await box.start();
      assert.deepEqual(box.issuers(), ['head-office']);
      assert.ok(box.about?.includes('unfinished'));
    }));

  test('are reported as missing after one or all were deleted', () =>
    withBox(async (box) => {
      const keyId = await box.add('branch-office');
      await box.add('head-office');
      box.tamper(`DELETE FROM granted WHERE id = '${keyId}';`);
      await box.start();
      assert.deepEqual(box.issuers(), ['head-office']);
      assert.deepEqual(box.about, ['missing']);
      box.trust.dismiss(somebody);
      box.tamper('DELETE FROM granted;');
      await box.start();
      assert.deepEqual(box.about, ['missing']);
    }));

  test('are not trusted if the audit entries about them were altered', () =>
    withBox(async (box) => {
      await box.add('head-office');
      const statement = box.log.list({ action: 'trust', limit: 1 })[0];
      box.log.append({ by: somebody, action: 'person.listed' });
      box.fixture.tamper('DELETE FROM audit WHERE sequence = ?', statement?.sequence);
      await box.start();
      assert.deepEqual(box.issuers(), []);
      assert.deepEqual(box.about, ['log-broken']);
      await box.add('head-office');
      box.trust.dismiss(somebody);
      await box.start();
      assert.deepEqual([box.issuers(), box.about], [['head-office'], undefined]);
    }));

  test('are read up to 64 KiB: what is longer was put there by somebody else', () => {
    const database = openMemoryDatabase(recordsMigrations);
    const grants = new Grants(database, new GrantSeal('site/box', [auditKeyOf(7)]));
    for (const [length, isRead] of [
      [65_536, true],
      [65_537, false],
    ] as const) {
      const grant = { kind: 'trusted-key', id: 'k', content: 'x'.repeat(length) } as const;
      grants.change(
        () => [grant],
        0,
        () => undefined,
      );
      assert.equal(grants.find('trusted-key', 'k') !== undefined, isRead);
      assert.equal(grants.list('trusted-key').length, Number(isRead));
    }
  });

  test('are checked four times a day while the box runs', () =>
    withBox(async (box) => {
      await box.add('head-office');
      box.tamper("UPDATE granted SET seal = x'00';");
      const { watch } = box;
      box.fixture.clock.advanceBy(lookAtGrantsEveryMs);
      await watch.check();
      assert.deepEqual(box.about, ['not-sealed', 'unfinished']);
    }));

  test('are not trusted if they come from another box or are sealed under a lost key', () =>
    withBox(async (box) => {
      await box.add('head-office');
      box.boxId = 'site/other';
      await box.start();
      assert.deepEqual([box.issuers(), box.about], [[], ['other-box', 'unfinished']]);
      await box.add('head-office');
      box.trust.dismiss(somebody);
      box.auditKeys = [auditKeyOf(8)];
      await box.start();
      assert.deepEqual([box.issuers(), box.about], [[], ['log-broken', 'not-sealed']]);
    }));

  test('are sealed under a new audit key if the former one is available', () =>
    withBox(async (box) => {
      await box.add('head-office');
      box.auditKeys = [auditKeyOf(8), auditKeyOf(7)];
      await box.start();
      assert.deepEqual([box.issuers(), box.about], [['head-office'], undefined]);
      // From now on the former key, which an attacker may know, seals nothing that is trusted.
      const forger = new GrantSeal('site/box', [auditKeyOf(7)]);
      const [{ content = '' } = {}] = box.records.commands.grants.list('trusted-key');
      const forged = { kind: 'trusted-key', id: 'forged', content } as const;
      const revision = Number(
        String(box.log.list({ action: 'trust' }).at(-1)?.details['state']).split(':')[0],
      );
      const seal = Buffer.from(forger.seal(forged, revision)).toString('hex');
      box.tamper(
        `INSERT INTO granted VALUES ('trusted-key', 'forged', '${content}', 'site/box', ${revision}, x'${seal}');`,
      );
      await box.start();
      assert.deepEqual([box.issuers(), box.about], [['head-office'], ['put-back']]);
    }));

  test('are not trusted if the box was killed while it removed them', () =>
    withBox(async (box) => {
      await box.add('head-office');
      await box.add('branch-office');
      const killed = new TrustedIssuers({
        store: box.records.commands.trust,
        watch: box.watch,
        audit(entry) {
          box.log.append(entry);
          throw new Error('killed');
        },
        counts: noCounts,
        clock: box.fixture.clock,
      });
      assert.throws(() => killed.remove('branch-office', undefined, somebody), /killed/);
      await box.start();
      assert.deepEqual([box.issuers(), box.about], [['head-office'], ['put-back', 'unfinished']]);
    }));

  test('are stated again each week, or after half of the time for which entries are kept', () =>
    withBox(async (box) => {
      await box.add('head-office');
      const { clock } = box.fixture;
      const statements = () => box.actions().filter((action) => action === 'trust.stated').length;
      const before = statements();
      let stated = 0;
      for (const [kept, everyDays] of [
        [4, 2],
        [30, 7],
        ['forever', 7],
      ] as const) {
        box.auditKept = kept;
        clock.advanceBy((everyDays - 0.1) * days);
        await box.watch.check();
        assert.equal(statements() - before, stated, `entries kept: ${kept}`);
        clock.advanceBy(0.2 * days);
        await box.watch.check();
        stated += 1;
        assert.equal(statements() - before, stated, `entries kept: ${kept}`);
      }
    }));

  test('are stated in the audit log again before the old entries are deleted', () =>
    withBox(async (box) => {
      await box.add('head-office');
      const { clock } = box.fixture;
      clock.advanceBy(8 * days);
      await box.watch.check();
      box.log.prune(clock.wallMs() - days, somebody);
      await box.start();
      assert.deepEqual([box.issuers(), box.about], [['head-office'], undefined]);
    }));

  test('are compared with a restored log only from the entry of the restoration on', () =>
    withBox(async (box) => {
      await box.add('head-office');
      box.fixture.tamper('DELETE FROM audit');
      box.fixture.tamper('DELETE FROM audit_mark');
      box.log.append(start);
      box.log.append({ by: somebody, action: 'backup.restored' });
      await box.start();
      assert.deepEqual([box.issuers(), box.about], [['head-office'], undefined]);
      assert.ok(box.actions().includes('trust.stated'));
    }));
});

describe('a command that waits in records.db', () => {
  const command: AcceptedCommand = {
    issuerId: 'head-office',
    commandId: 'c-1',
    keyId: 'key',
    name: 'resend-events',
    arguments: '{"from":1,"to":2}',
    claimsHash: new Uint8Array(32),
    expiresAtMs: 9e15,
    issuedAtMs: 9e14,
  };

  test('is taken as it was written down, and one that was put there or altered is dropped', () =>
    withBox(async (box) => {
      const { memory } = box.records.commands;
      const limits = { commands: 32, bytes: 1e6 };
      for (const commandId of ['c-1', 'c-2', 'c-3']) memory.accept({ ...command, commandId }, limits);
      box.tamper(
        `UPDATE command SET arguments = '{"from":1,"to":9}' WHERE command_id = 'c-1';`,
        `UPDATE command SET name = 'erase-person' WHERE command_id = 'c-2';`,
        `INSERT INTO command (issuer_id, command_id, key_id, name, claims_hash, state, arguments, expires_at_ms)
           SELECT issuer_id, 'c-0', key_id, name, claims_hash, state, arguments, expires_at_ms FROM command LIMIT 1;`,
      );
      await box.start();
      const { memory: again } = box.records.commands;
      assert.equal(again.nextWaiting()?.commandId, 'c-3');
      assert.equal(again.takeDropped(), 2);
      assert.equal(again.begin(again.nextWaiting()?.number ?? 0), true);
      assert.equal(again.nextWaiting(), undefined);
      assert.equal(again.takeDropped(), 1);
    }));
});
