import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate, setTimeout } from 'node:timers/promises';
import type { Alert, AlertDelivery } from '../../daemon/contract/alerts.js';
import { parseConfig } from '../../daemon/contract/settings/load.js';
import type { Config } from '../../daemon/contract/settings/schema.js';
import type { Alerts } from '../../daemon/core/alerts/alert-handlers.js';
import { startAlerts } from '../../daemon/core/alerts/alerts-part.js';
import { type NewAuditEntry, refuseMisshapen } from '../../daemon/core/audit/audit-entry.js';
import { openRecordStores, type RecordStores } from '../../daemon/core/compose/record-stores.js';
import { encodeEvent } from '../../daemon/core/delivery/encoding.js';
import { GrantSeal } from '../../daemon/core/records/seals/grant-seal.js';
import type { BoxEvent } from '../../daemon/kernel/events/event.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import type { LogFields, Logger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { noDevices } from './alert-messages.js';
import { attackFact, unknownFact } from './facts.js';
import { until } from './until.js';

const identity = { siteId: 'office', boxId: 'box-1' };
export const webhookSecret = 'a long secret that nobody guesses';
/** 10:00 by the clock of the site, on a Monday. */
const startMs = Date.UTC(2026, 2, 2, 9, 0, 0);
const stepMs = 250;
const slowStepRealMs = 10;

/** Records and alerts as the daemon wires them, on a clock that a test moves. */
export class AlertBox implements AsyncDisposable {
  readonly clock = new VirtualClock(startMs);
  /** Every line that was logged: message and fields. */
  readonly logged: string[] = [];
  /** The written audit entries. */
  readonly audited: NewAuditEntry[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'rollcall-alerts-'));
  #config: Config;
  #lifetime: Lifetime | undefined;
  #records: RecordStores | undefined;
  #alerts: Alerts | undefined;

  constructor(alerts: string) {
    writeFileSync(join(this.#folder, 'ops-secret'), webhookSecret, { mode: 0o600 });
    this.#config = this.#parse(alerts);
    this.start();
  }

  get recordsPath(): string {
    return join(this.#folder, 'records.db');
  }

  get records(): RecordStores {
    if (this.#records === undefined) throw new Error('the box is off');
    return this.#records;
  }

  get alerts(): Alerts {
    if (this.#alerts === undefined) throw new Error('the box is off');
    return this.#alerts;
  }

  /** Puts another `alerts` section in force. */
  configure(alerts: string): void {
    this.#config = this.#parse(alerts);
  }

  start(): void {
    const lifetime = new Lifetime(this.clock);
    const { clock } = this;
    const random = seededRandom(this.logged.length + 1);
    const path = this.recordsPath;
    const seal = new GrantSeal('office/box-1', [new Uint8Array(32).fill(7)]);
    const encode: Parameters<typeof openRecordStores>[0]['encode'] = (event) =>
      encodeEvent(event, identity, {});
    const records = lifetime.use('records', openRecordStores({ path, encode, clock, random, seal }));
    const logger = this.#logger();
    const current = (): Config => this.#config;
    const { alerts } = startAlerts({
      accounts: { devices: noDevices },
      ...{ current, identity, records, lifetime, clock, random, logger },
      vault: {
        audit: {
          append: (entry) => {
            refuseMisshapen(entry);
            this.audited.push(entry);
          },
        },
      },
    });
    this.#alerts = alerts;
    this.#records = records;
    this.#lifetime = lifetime;
  }

  async stop(): Promise<void> {
    await this.#lifetime?.[Symbol.asyncDispose]();
    this.#lifetime = undefined;
    this.#records = undefined;
    this.#alerts = undefined;
  }

  record(event: BoxEvent): void {
    this.records.record({ ...event, occurredAtMs: this.clock.wallMs() });
  }

  unknown(camera = 'gate'): void {
    this.record(unknownFact({ cameraId: cameraId(camera) }));
  }

  attack(changes: Parameters<typeof attackFact>[0] = {}): void {
    this.record(attackFact(changes));
  }

  camera(state: 'streaming' | 'failed' | 'damaged', camera = 'gate'): void {
    const said = {
      streaming: { state: 'streaming' },
      damaged: { state: 'streaming', damage: 'pictures-uniform' },
      failed: { state: 'failed', code: 'camera-silent' },
    } as const;
    this.record({ kind: 'camera', occurredAtMs: 0, cameraId: cameraId(camera), ...said[state] });
  }

  /**
   * Advances the clock in small steps, with turns of the event loop between. During a delivery it advances slowly: the network
   * takes real time, and the delivery would reach its time limit on this clock.
   */
  async pass(durationMs: number): Promise<void> {
    const largestStepMs = Math.max(stepMs, durationMs / 200);
    for (let leftMs = durationMs; leftMs > 0; ) {
      const isDelivering = this.states().includes('pending');
      await (isDelivering ? setTimeout(slowStepRealMs) : setImmediate());
      const passedMs = Math.min(isDelivering ? stepMs : largestStepMs, leftMs);
      this.clock.advanceBy(passedMs);
      leftMs -= passedMs;
    }
    await setImmediate();
  }

  /** Waits until something holds, while the clock of the box goes on a little. */
  until(what: string, isTrue: () => boolean): Promise<void> {
    return until(what, () => {
      this.clock.advanceBy(stepMs);
      return isTrue();
    });
  }

  /**
   * Waits until so many deliveries are known to have arrived. A receiver has a request before the box has the answer: a box
   * that is stopped in between sends it again, and until then its delivery is pending.
   */
  async delivered(count: number): Promise<void> {
    const arrived = (): number => this.states().filter((state) => state === 'delivered').length;
    await this.until(`${count} deliveries`, () => arrived() >= count);
  }

  /** The newest alerts, newest first; with `state`, those with a delivery in this state. */
  newest(limit: number, state?: AlertDelivery['state']): readonly Alert[] {
    return this.alerts.list({ limit, state }, {}).items;
  }

  /** `delivered`, `pending` or `failed` of every delivery, newest alert first. */
  states(): readonly string[] {
    return this.newest(100).flatMap(({ deliveries }) => deliveries.map(({ state }) => state));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #parse(alerts: string): Config {
    const loaded = parseConfig(
      [
        'site: { id: office, timeZone: Europe/Paris }',
        'box: { id: box-1 }',
        'cameras:',
        '  - { id: gate, name: "Gate", url: "rtsp://192.0.2.1/" }',
        '  - { id: door, name: "Back door", url: "rtsp://192.0.2.2/" }',
        `secretsDir: ${this.#folder}`,
        `alerts: ${alerts}`,
      ].join('\n'),
    );
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    return loaded.config;
  }

  #logger(): Logger {
    const log = (message: string, fields: LogFields = {}): void => {
      this.logged.push(`${message} ${JSON.stringify(fields)}`);
    };
    const logger: Logger = { debug: log, info: log, warn: log, error: log, child: () => logger };
    return logger;
  }
}
