import assert from 'node:assert/strict';
import { join } from 'node:path';
import { type StateMessage, stateSchema } from '../../daemon/contract/events/state-schema.js';
import type { NewAuditEntry } from '../../daemon/core/audit/audit-entry.js';
import type { AuditLog } from '../../daemon/core/audit/audit-log.js';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import type { Publisher } from '../../daemon/core/delivery/publisher.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { IdentityKeys, type WithoutSigning } from '../../daemon/core/identity/identity-keys.js';
import { keySetTask } from '../../daemon/core/identity/key-set.js';
import type { VerifyingKey } from '../../daemon/core/identity/public-key.js';
import { SigningIdentity } from '../../daemon/core/identity/signing-identity.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Actor } from '../../daemon/kernel/actor.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import type { EventSubscriber } from './event-subscriber.js';
import { overlapMs } from './identity-fixture.js';
import { box, openTestRecords, startTestPublisher } from './published-box.js';
import type { SecretPlaces } from './secret-places.js';

export const technician: Actor = { actor: 'uid:1000', origin: 'local socket' };
export const topics = topicsOf('rollcall', box);

export interface BoxUnderTest extends AsyncDisposable {
  readonly keys: IdentityKeys;
  readonly identity: SigningIdentity;
  readonly records: RecordStores;
  readonly clock: VirtualClock;
  readonly audited: readonly NewAuditEntry[];
  /** How often signing was stopped for a rotation. */
  readonly silences: number;
  /** Publishes from now on until the box is closed. As in the daemon, a rotation happens between two connections. */
  publishTo(url: string): void;
}

/** A box with real keys and records; its audit log is a list. */
export async function openBox(places: SecretPlaces): Promise<BoxUnderTest> {
  const clock = new VirtualClock(Date.now());
  const keys = await IdentityKeys.open({ places, clock, overlapMs });
  const records = openTestRecords(join(places.dataDir, 'records.db'));
  const audited: NewAuditEntry[] = [];
  const audit: Pick<AuditLog, 'append' | 'list'> = {
    append(entry) {
      audited.push(entry);
      return { sequence: audited.length, hash: '' };
    },
    list: () => [],
  };
  let publish: (() => Publisher) | undefined;
  let publisher: Publisher | undefined;
  let silences = 0;
  const withoutSigning: WithoutSigning = async (work) => {
    silences += 1;
    await publisher?.[Symbol.asyncDispose]();
    try {
      return await work();
    } finally {
      publisher = publish?.();
    }
  };
  const options = {
    ...{ keys, records, audit, withoutSigning, clock },
    from: box,
    overlapDays: () => 14,
    logger: silentLogger,
  };
  const identity = await new SigningIdentity(options).start();
  return {
    ...{ keys, identity, records, clock, audited },
    get silences() {
      return silences;
    },
    publishTo(url) {
      publish = () => publisherOf(url, { keys, records });
      publisher = publish();
    },
    async [Symbol.asyncDispose]() {
      await publisher?.[Symbol.asyncDispose]();
      await identity[Symbol.asyncDispose]();
      await records[Symbol.asyncDispose]();
      keys[Symbol.dispose]();
    },
  };
}

function publisherOf(url: string, { keys, records }: Pick<BoxUnderTest, 'keys' | 'records'>): Publisher {
  const about = { topic: topics.keys, from: box, memory: records.retained };
  const connectionTasks = [keySetTask({ ...about, keys, clock: systemClock, logger: silentLogger })];
  return startTestPublisher({ url, records, signer: () => keys.current(), connectionTasks });
}

export const keySetsSeenBy = ({ messages }: EventSubscriber): readonly Buffer[] =>
  messages.filter(({ topic }) => topic === topics.keys).map(({ payload }) => payload);

export async function pinned({ identity }: BoxUnderTest): Promise<VerifyingKey> {
  const { keyId, jwks } = await identity.show();
  const key = jwks.keys.find(({ kid }) => kid === keyId);
  if (key?.crv !== 'Ed25519') assert.fail('no such key');
  const { kty, crv, x } = key;
  return { kty, crv, x };
}

export function statesSeenBy({ messages }: EventSubscriber): readonly StateMessage[] {
  return messages
    .filter(({ topic }) => topic === topics.state)
    .map(({ payload }) => stateSchema.parse(JSON.parse(payload.toString())));
}

interface SignedMessage {
  readonly topic: string;
  /** The key with which a message is signed. */
  readonly keyId: string;
  /** The keys in a key set. */
  readonly known: readonly string[];
}

export function signedMessagesSeenBy({ messages }: EventSubscriber): readonly SignedMessage[] {
  return messages.map(({ topic, payload }) => {
    const { keys = [], signature } = JSON.parse(payload.toString()) as {
      readonly keys?: readonly { readonly kid: string }[];
      readonly signature: string;
    };
    const header = Buffer.from(signature.split('.')[0] ?? '', 'base64url').toString();
    const { kid: keyId } = JSON.parse(header) as { readonly kid: string };
    return { topic, keyId, known: keys.map(({ kid }) => kid) };
  });
}

/** Checks that the key in force signs the key set that contains it and then all messages, also the event of the rotation. */
export function assertHandedOver(messages: readonly SignedMessage[], { keys }: BoxUnderTest): void {
  const { keyId } = keys.state.current;
  const first = messages.findIndex((message) => message.keyId === keyId);
  const after = messages.slice(first);
  assert.equal(after[0]?.topic, topics.keys);
  assert.ok(after[0].known.includes(keyId));
  assert.deepEqual([...new Set(after.map((message) => message.keyId))], [keyId]);
  assert.ok(after.some(({ topic }) => topic === topics.event('identity')));
  assert.ok(!messages.slice(0, first).some(({ topic }) => topic === topics.event('identity')));
}
