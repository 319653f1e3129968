import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../daemon/kernel/random.js';
import type { EventSubscriber } from '../../test/support/event-subscriber.js';
import type { Mosquitto } from '../../test/support/mosquitto.js';
import {
  type PacketGate,
  type Passage,
  packetTypes,
  type SeenPacket,
} from '../../test/support/packet-gate.js';
import type { TcpGate } from '../../test/support/tcp-gate.js';
import type { Acknowledgement } from './event-task.js';

/** What may befall the broker and the way to it during one life of the box. */
export const weathers = [
  'calm',
  'acknowledgement cut',
  'network away',
  'broker frozen',
  'broker restarted empty',
] as const;

export type Weather = (typeof weathers)[number];

export interface Surroundings {
  readonly broker: Mosquitto;
  readonly gate: PacketGate;
  readonly subscriber: EventSubscriber;
  /** The way of the subscriber to the broker. */
  readonly listening: TcpGate;
  readonly random: Random;
  readonly acknowledgement: Acknowledgement;
}

/** It begins with one of so many packets. */
const MOST_PACKETS_BEFORE = 8;
/** Longer than the box waits for an acknowledgement, at times. */
const LONGEST_OUTAGE_MS = 900;

/** One disturbance, which comes with a packet, or not at all where the box does not live to send that one. */
export class Disturbance {
  readonly weather: Weather;
  readonly #around: Surroundings;
  readonly #startsWith: number;
  #seen = 0;
  /** Whether it came. */
  hasCome = false;
  /** Resolves when everything is as before. */
  over: Promise<void> = Promise.resolve();

  constructor(weather: Weather, around: Surroundings) {
    this.weather = weather;
    this.#around = around;
    this.#startsWith = 1 + Math.floor(around.random.unit() * MOST_PACKETS_BEFORE);
  }

  /** Must be called with each packet. */
  meet({ type, from }: SeenPacket): Passage {
    const isAwaited =
      this.weather === 'acknowledgement cut'
        ? type === packetTypes.puback && from === 'broker'
        : type === packetTypes.publish && from === 'client';
    if (!isAwaited || this.weather === 'calm') return 'pass';
    this.#seen += 1;
    if (this.#seen !== this.#startsWith) return 'pass';
    this.hasCome = true;
    const chance = this.#around.random.unit();
    if (this.weather === 'acknowledgement cut')
      return chance < 0.5 ? 'cut within' : chance < 0.75 ? 'cut before' : 'cut after';
    this.over = this.#befall();
    // What broke the connection may have come before the packet arrived, or after.
    return this.weather === 'broker frozen' || chance < 0.5 ? 'pass' : 'cut after';
  }

  async #befall(): Promise<void> {
    const { broker, gate, random, acknowledgement } = this.#around;
    const lastsMs = random.unit() * LONGEST_OUTAGE_MS;
    if (this.weather === 'broker frozen') {
      broker.freeze();
      await sleep(lastsMs);
      broker.thaw();
    } else if (this.weather === 'network away') {
      gate.close();
      gate.cut();
      await sleep(lastsMs);
      await gate.open();
    } else if (acknowledgement === 'centre') {
      await this.#loseWhatIsTaken(lastsMs / 2);
    } else {
      await this.#restart();
    }
  }

  /** The subscriber is back before the box: messages that a broker acknowledges without a subscriber are lost. */
  async #restart(): Promise<void> {
    const { broker, gate, subscriber } = this.#around;
    gate.close();
    await broker.kill();
    gate.cut();
    const again = subscriber.resubscribed();
    await broker.start();
    await again;
    await gate.open();
  }

  /** Before and after the restart the broker acknowledges for a while without a subscriber. */
  async #loseWhatIsTaken(forMs: number): Promise<void> {
    const { broker, subscriber, listening } = this.#around;
    listening.close();
    listening.cut();
    await sleep(forMs);
    await broker.kill();
    const again = subscriber.resubscribed();
    await broker.start();
    await sleep(forMs);
    await listening.open();
    await again;
  }
}
