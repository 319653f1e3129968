import { randomUUID } from 'node:crypto';
import mqtt from 'mqtt';
import type { VerifyingKey } from '../../daemon/core/identity/public-key.js';
import { verifySignedText } from '../../daemon/core/identity/signed-text.js';
import { type Issuer, token } from '../../test/support/command-centre.js';
import type { Reply } from '../../test/support/commanded-box.js';
import type { SyncedBox } from '../../test/support/sync-centre.js';
import type { BoxProcess } from './sync-box-process.js';

/** What went over the wire: payloads, without headers of MQTT. */
export interface Traffic {
  readonly commands: number;
  readonly sentBytes: number;
  /** Progress and answers. */
  readonly replies: number;
  readonly receivedBytes: number;
  readonly largestReplyBytes: number;
}

const nothing: Traffic = { commands: 0, sentBytes: 0, replies: 0, receivedBytes: 0, largestReplyBytes: 0 };

/** A centre's connection to the broker: signs, sends, waits for answers and verifies their signatures. */
export class CentreLink implements AsyncDisposable {
  readonly #client: mqtt.MqttClient;
  readonly #issuer: Issuer;
  readonly #waiting = new Map<string, (reply: Reply) => void>();
  readonly #keys = new Map<string, VerifyingKey>();
  #traffic = nothing;

  private constructor(client: mqtt.MqttClient, issuer: Issuer) {
    this.#client = client;
    this.#issuer = issuer;
    client.on('message', (_topic, payload) => void this.#take(payload));
  }

  static async open(url: string, issuer: Issuer): Promise<CentreLink> {
    const client = await mqtt.connectAsync(url, { protocolVersion: 5 });
    const link = new CentreLink(client, issuer);
    await client.subscribeAsync('rollcall/bench/+/reply/#', { qos: 1 });
    return link;
  }

  /** Since this was asked last. */
  takeTraffic(): Traffic {
    const traffic = this.#traffic;
    this.#traffic = nothing;
    return traffic;
  }

  async box(box: BoxProcess): Promise<SyncedBox> {
    const { publicKey, keyId, verifying } = await box.about();
    this.#keys.set(keyId, verifying);
    return {
      publicKey: Buffer.from(publicKey, 'base64url'),
      order: (command, given) => this.#order(box.boxId, command, given),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.endAsync();
  }

  async #order(boxId: string, command: string, given: Readonly<Record<string, unknown>>): Promise<Reply> {
    const id = randomUUID();
    const audience = `bench/${boxId}`;
    const bytes = await token(this.#issuer, { command, id, audience, arguments: given });
    const answer = new Promise<Reply>((resolve) => this.#waiting.set(id, resolve));
    const { commands, sentBytes } = this.#traffic;
    this.#traffic = { ...this.#traffic, commands: commands + 1, sentBytes: sentBytes + bytes.length };
    await this.#client.publishAsync(`rollcall/${audience}/command/${command}`, bytes, { qos: 1 });
    return answer;
  }

  async #take(payload: Buffer): Promise<void> {
    const { replies, receivedBytes, largestReplyBytes } = this.#traffic;
    this.#traffic = {
      ...this.#traffic,
      replies: replies + 1,
      receivedBytes: receivedBytes + payload.length,
      largestReplyBytes: Math.max(largestReplyBytes, payload.length),
    };
    const verdict = await verifySignedText(payload, (keyId) => this.#keys.get(keyId));
    if (verdict.outcome !== 'valid') throw new Error(`a reply is ${verdict.outcome}`);
    const reply = verdict.value['data'] as Reply;
    if (reply.outcome === 'progress') return;
    this.#waiting.get(reply.id)?.(reply);
    this.#waiting.delete(reply.id);
  }
}
