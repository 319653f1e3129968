import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asyncApi } from '../../daemon/contract/events/asyncapi.js';
import { type Captured, captureExamples } from '../../scripts/contract/capture.js';
import { contractExamples } from '../support/contract-examples.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

type Named<T> = Readonly<Record<string, T>>;

/** The part of the AsyncAPI document that this test reads. */
interface Api {
  readonly channels: Named<{ readonly address: string; readonly messages: Named<unknown> }>;
  readonly operations: Named<{
    readonly action: 'send' | 'receive';
    readonly channel: { readonly $ref: string };
    readonly bindings: { readonly mqtt: { readonly retain: boolean } };
  }>;
  readonly components: { readonly messages: Named<{ readonly contentType: string }> };
}

async function capture(): Promise<Captured> {
  await using broker = await startMosquitto();
  await using directory = await temporaryDirectory();
  return await captureExamples(broker.url, directory.path);
}

describe('the messages of the example box from a real broker', {
  skip: withoutMosquitto,
}, () => {
  test('equal the examples of the contract', async () => {
    const captured = await capture();
    const expected = new Map(contractExamples().map(({ name, payload }) => [name, payload]));
    assert.deepEqual([...captured.keys()].sort(), [...expected.keys()].sort());
    for (const [name, { payload }] of captured) {
      assert.equal(
        payload.toString('utf8'),
        expected.get(name)?.toString('utf8'),
        `${name}; if that is meant, run: node --import tsx scripts/contract/main.ts`,
      );
    }
  });

  test('have the topics, retain flags and content types of the AsyncAPI document', async () => {
    const { channels, operations, components } = asyncApi() as unknown as Api;
    const messages = new Map(contractExamples().map(({ name, message }) => [name, message.name]));
    for (const [name, { topic, isRetained, contentType }] of await capture()) {
      const message = messages.get(name) ?? '';
      const found = Object.entries(channels).filter(([, channel]) =>
        Object.hasOwn(channel.messages, message),
      );
      assert.equal(found.length, 1, `${name} does not have exactly one channel`);
      const [[channel, { address }] = ['', { address: '' }]] = found;
      const pattern = new RegExp(`^${address.replaceAll(/\{\w+\}/g, '[a-z0-9_-]+')}$`);
      assert.match(topic, pattern, name);
      const sent = Object.values(operations).find(
        ({ channel: { $ref } }) => $ref === `#/channels/${channel}`,
      );
      assert.equal(sent?.action, 'send', name);
      assert.equal(isRetained, sent?.bindings.mqtt.retain, name);
      assert.equal(
        contentType?.replace('; charset=utf-8', ''),
        components.messages[message]?.contentType,
        name,
      );
    }
  });
});
