import { join } from 'node:path';
import mqtt from 'mqtt';
import type { RecordStores } from '../../daemon/core/compose/record-stores.js';
import { brokerAddress } from '../../daemon/core/delivery/broker/broker-address.js';
import { startPublisher } from '../../daemon/core/delivery/publisher.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { importBoxKey, newBoxKeyBytes } from '../../daemon/core/identity/box-key.js';
import { IdentityKeys } from '../../daemon/core/identity/identity-keys.js';
import { keySetTask } from '../../daemon/core/identity/key-set.js';
import { signText } from '../../daemon/core/identity/signed-text.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { systemRandom as random } from '../../daemon/host/system-random.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { box, openTestRecords, quickTimings } from './published-box.js';

export const streamTopics = topicsOf('rollcall', box);

/** A box as a subscriber sees it, with keys of its own. */
export interface SignedStream extends AsyncDisposable {
  readonly keys: IdentityKeys;
  readonly records: RecordStores;
}

export async function startSignedStream(url: string, directory: string): Promise<SignedStream> {
  const places = {
    secretsDirectory: join(directory, 'secrets'),
    dataDir: join(directory, 'data'),
    credentialsDirectory: '',
  };
  const keys = await IdentityKeys.open({ places, clock, overlapMs: 86_400_000 });
  const records = openTestRecords(join(directory, 'records.db'));
  const { retained: memory } = records;
  const about = { topic: streamTopics.keys, keys, from: box, memory, clock, logger: silentLogger };
  const publisher = startPublisher({
    broker: { address: brokerAddress(url), clientId: 'rollcall-site-box' },
    topics: streamTopics,
    from: box,
    outbox: records.outbox,
    onRecorded: records.onRecorded,
    takeStateSequences: records.takeStateSequences,
    state: {
      current: () => ({ gallery: 'open', conditions: [] }),
      passages: () => ({ count: 0, byOutcome: {} }),
      onChanged: () => () => undefined,
    },
    signer: () => keys.current(),
    connectionTasks: [keySetTask(about)],
    clock,
    random,
    logger: silentLogger,
    timings: quickTimings,
  });
  return {
    keys,
    records,
    async [Symbol.asyncDispose]() {
      await publisher[Symbol.asyncDispose]();
      await records[Symbol.asyncDispose]();
      keys[Symbol.dispose]();
    },
  };
}

/** An attacker who can publish any message and sees all messages of the box. */
export interface Attacker extends AsyncDisposable {
  /** Payloads by topic, oldest first. */
  seen(topic: string): readonly string[];
  say(topic: string, payload: string | Buffer, isRetained?: boolean): Promise<void>;
  /** Signs with an unknown key, or in the name of a trusted one. */
  signAs(json: string, keyId?: string): Promise<string>;
}

export async function startAttacker(url: string): Promise<Attacker> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 4 });
  const messages: { readonly topic: string; readonly text: string }[] = [];
  client.on('message', (topic, payload) => void messages.push({ topic, text: payload.toString('utf8') }));
  await client.subscribeAsync('#', { qos: 1 });
  const key = await importBoxKey(newBoxKeyBytes());
  return {
    seen: (topic) => messages.filter((one) => one.topic === topic).map(({ text }) => text),
    say: async (topic, payload, retain = false) => {
      await client.publishAsync(topic, payload, { qos: 1, retain });
    },
    signAs: (json, keyId = key.keyId) => signText(json, { ...key, keyId }, clock.wallMs()),
    async [Symbol.asyncDispose]() {
      await client.endAsync(true);
      key[Symbol.dispose]();
    },
  };
}

/** The signed text of a message. */
export function unsigned(text: string): string {
  return `${text.slice(0, text.lastIndexOf(',"signature":"'))}}`;
}
