import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { commandNames } from '../../daemon/contract/events/command-schema.js';
import { largestTokenBytes } from '../../daemon/contract/events/message-fields.js';
import { replyData } from '../../daemon/contract/events/notice-data.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import { refuseMisshapen } from '../../daemon/core/audit/audit-entry.js';
import { commandInbox } from '../../daemon/core/commands/command-inbox.js';
import { CommandReceiver } from '../../daemon/core/commands/command-receiver.js';
import { refusalCodes } from '../../daemon/core/commands/command-refusal.js';
import { readIssuerKey } from '../../daemon/core/commands/issuer-keys.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { openPinoLogger } from '../../daemon/host/pino-logger.js';
import type { BoxEvent } from '../../daemon/kernel/events/event.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { type Issuer, newIssuer, token } from '../support/command-centre.js';
import { memoryOfCommands } from '../support/command-memory.js';
import { box } from '../support/published-box.js';

const topics = topicsOf('rollcall', box);
const marker = 'evilmarker';
/** What a terminal or a reader of logs could be fooled with. */
const nasty = `${marker}\u001b[2J\r\n{"level":"error"}\u202e\0`;

interface Attacked {
  readonly take: (topic: string, payload: Uint8Array, isRetained?: boolean) => Promise<void>;
  readonly receiver: CommandReceiver;
  readonly events: BoxEvent[];
  readonly audited: NewAuditEntry[];
  readonly executed: string[];
  readonly log: () => string;
}

/** The receiver behind its inbox, with the logger of the daemon; what it records and audits is kept in memory. */
async function attackedReceiver(issuer: Issuer): Promise<Attacked> {
  const clock = new VirtualClock(Date.now());
  const lines: string[] = [];
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString('utf8'));
      done();
    },
  });
  const logger = openPinoLogger({ level: 'debug', clock, output: sink });
  const events: BoxEvent[] = [];
  const audited: NewAuditEntry[] = [];
  const executed: string[] = [];
  const key = {
    ...(await readIssuerKey(issuer.publicText)),
    issuerId: issuer.id,
    scopes: ['cameras'] as const,
  };
  let codes: readonly string[] | undefined;
  const receiver = new CommandReceiver({
    audience: 'site/box',
    keys: { find: (keyId) => (keyId === key.keyId ? key : undefined) },
    memory: memoryOfCommands(),
    alarm: { codes: () => codes },
    record(event, alongside = () => undefined) {
      alongside();
      if (event.kind === 'box') codes = event.isActive ? (event.about ?? []) : undefined;
      events.push(event);
    },
    audit(entry) {
      refuseMisshapen(entry);
      audited.push(entry);
    },
    clock,
    logger,
  });
  const unused = async () => ({ outcome: 'failed', code: 'unused', message: '' }) as const;
  const handlers = Object.fromEntries(commandNames.map((name) => [name, unused])) as unknown as Parameters<
    typeof receiver.start
  >[0];
  receiver.start({
    ...handlers,
    'set-camera': async ({ camera }) => {
      executed.push(camera);
      return { outcome: 'done', result: { camera, enabled: true } };
    },
  });
  const inbox = commandInbox({ topics, receiver, logger });
  const take: Attacked['take'] = (topic, payload, isRetained = false) =>
    inbox.take(topic, payload, isRetained);
  return { take, receiver, events, audited, executed, log: () => lines.join('') };
}

const jsonWithMarks = fc.oneof(
  fc.json(),
  fc.constant(nasty),
  fc.constant('['.repeat(2000)),
  fc.constant(`{"jti":"${nasty}","aud":"${nasty}"}`),
  fc.constant('{"__proto__":{"scope":"cameras"}}'),
);
const segment = fc.oneof(
  jsonWithMarks.map((text) => Buffer.from(text).toString('base64url')),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.constant(''),
);
const topicName = fc.oneof(
  fc.constantFrom(...commandNames),
  fc.constantFrom('', nasty, 'constructor', '__proto__', 'set-camera/more', '#', '+', 'x'.repeat(60_000)),
  fc.string({ unit: 'binary', maxLength: 40 }),
);

/** A good token with a part changed, cut, doubled or swapped. */
function mutated(good: readonly Buffer[]) {
  return fc
    .record({
      which: fc.nat({ max: good.length - 1 }),
      at: fc.nat(),
      byte: fc.nat({ max: 255 }),
      how: fc.constantFrom('flip', 'cut', 'insert', 'append', 'double', 'swap'),
    })
    .map(({ which, at, byte, how }) => {
      const bytes = Buffer.from(good[which] ?? Buffer.alloc(0));
      const place = bytes.length === 0 ? 0 : at % bytes.length;
      if (how === 'flip') bytes[place] = (bytes[place] ?? 0) ^ (byte === 0 ? 1 : byte);
      if (how === 'cut') return bytes.subarray(0, place);
      if (how === 'insert')
        return Buffer.concat([bytes.subarray(0, place), Buffer.from([byte]), bytes.subarray(place)]);
      if (how === 'append') return Buffer.concat([bytes, Buffer.from(nasty)]);
      if (how === 'double') return Buffer.concat([bytes, bytes]);
      if (how === 'swap') {
        const [header, , signature] = bytes.toString('latin1').split('.');
        const claims = Buffer.from(JSON.stringify({ iss: nasty, scope: 'cameras' })).toString('base64url');
        return Buffer.from(`${header}.${claims}.${signature}`, 'latin1');
      }
      return bytes;
    });
}

describe('arbitrary commands that are published to a box', () => {
  test('cause no exception, execution or growth, and appear in no log: 10,000 payloads', async () => {
    const issuer = await newIssuer();
    const { take, receiver, events, audited, executed, log } = await attackedReceiver(issuer);
    const good: Buffer[] = [];
    for (let count = 0; count < 5; count += 1) {
      const given = { camera: 'gate', enabled: true };
      good.push(await token(issuer, { command: 'set-camera', arguments: given }));
      const signed = {
        command: 'set-camera',
        arguments: { camera: nasty, [nasty]: nasty },
        claims: { [nasty]: nasty },
      };
      good.push(await token(issuer, signed));
    }
    // Good tokens are executed once first; every repetition is hostile.
    for (const bytes of good) await take(topics.command('set-camera'), bytes);
    const payload = fc.oneof(
      { arbitrary: mutated(good), weight: 5 },
      { arbitrary: fc.uint8Array({ maxLength: 500 }), weight: 2 },
      {
        arbitrary: fc.tuple(segment, segment, segment).map((parts) => Buffer.from(parts.join('.'), 'utf8')),
        weight: 4,
      },
      {
        arbitrary: fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text, 'utf8')),
        weight: 2,
      },
      {
        arbitrary: fc
          .record({
            size: fc.constantFrom(largestTokenBytes, largestTokenBytes + 1, 300_000),
            fill: fc.constantFrom('.', 'a', '[', '\0'),
          })
          .map(({ size, fill }) => Buffer.alloc(size, fill)),
        weight: 1,
      },
    );
    let taken = 0;
    await fc.assert(
      fc.asyncProperty(topicName, payload, fc.boolean(), fc.nat(9), async (name, bytes, isPlain, chance) => {
        taken += 1;
        const topic = isPlain ? topics.command('set-camera') : `rollcall/site/box/command/${name}`;
        await take(topic, bytes, chance === 0);
      }),
      { numRuns: 10_000, endOnFailure: true },
    );
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(taken >= 10_000);
    const { refused, repeated, accepted } = receiver.counts;
    const total = Object.values(refused).reduce((sum, count) => sum + count, 0);
    assert.ok(Object.keys(refused).every((code) => refusalCodes.some((known) => known === code)));
    assert.equal(accepted, 5);
    assert.equal(executed.length, 5, 'only the good ones, once each');
    assert.equal(total + repeated + accepted, taken + good.length);
    // Answers and entries are limited by time, which stood still.
    assert.ok(events.length <= 200, `${events.length} events`);
    assert.ok(audited.length <= 40, `${audited.length} entries`);
    for (const event of events) {
      if (event.kind !== 'reply') continue;
      const { kind: _kind, occurredAtMs: _atMs, commandId, ...rest } = event;
      replyData.parse({ ...rest, id: commandId });
    }
    const text = log();
    assert.match(text, /a command was refused/);
    const controls = [...text].filter((character) => /[\p{Cc}\u202e]/u.test(character) && character !== '\n');
    assert.deepEqual(controls, []);
    const kept = `${text}${JSON.stringify(audited)}${JSON.stringify(events)}`;
    assert.ok(!kept.includes(marker), 'nothing that an attacker wrote is repeated anywhere');
    assert.ok(text.length < 100_000, `${text.length} characters of log`);
    await receiver[Symbol.asyncDispose]();
  });

  test('of the largest size and any depth are refused by their signature alone', async () => {
    const issuer = await newIssuer();
    const { take, receiver } = await attackedReceiver(issuer);
    const enrolment = topics.command('enrol-person');
    const header = Buffer.from(JSON.stringify({ alg: 'EdDSA', kid: issuer.keyId })).toString('base64url');
    const nested = Buffer.from('['.repeat(11 * 1024 * 1024)).toString('base64url');
    const signature = Buffer.alloc(64).toString('base64url');
    for (let count = 0; count < 6; count += 1) {
      await take(enrolment, Buffer.from(`${header}.${nested}.${signature}`, 'latin1'));
    }
    assert.deepEqual(receiver.counts.refused, { 'bad-signature': 6 });
    await receiver[Symbol.asyncDispose]();
  });
});
