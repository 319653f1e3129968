import { isRollcallError } from '../../../kernel/errors.js';
import type { Logger } from '../../../kernel/logger.js';
import { said } from '../../../kernel/said.js';
import { inEnglish } from '../../../words/language.js';
import type { BrokerConnection, MqttVersion } from './broker-connection.js';

/** Brokers that do not know MQTT 5 answer with a refusal, or hang up without an answer. */
const versionFailures = ['broker-version-refused', 'broker-closed-early', 'broker-protocol'];

/** The disadvantage of MQTT 3.1.1, for people. */
export const costOfOldMqtt = inEnglish({
  message: said('doctor/old-mqtt'),
  remedy: said('doctor/remedy-old-mqtt'),
});

/**
 * Tries MQTT 5 first, and MQTT 3.1.1 after a failure that is typical of older brokers. Keeps the version that worked, and starts
 * again with MQTT 5 when it stops working.
 */
export class VersionChoice {
  readonly #logger: Logger;
  #version: MqttVersion = 5;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** `connect` is called once or twice. Rejects with its last error. */
  async connect(connect: (version: MqttVersion) => Promise<BrokerConnection>): Promise<BrokerConnection> {
    try {
      return await connect(this.#version);
    } catch (error) {
      const isAboutVersion = versionFailures.some((code) => isRollcallError(error, code));
      if (!isAboutVersion) throw error;
      if (this.#version === 4) {
        this.#version = 5;
        throw error;
      }
    }
    const connection = await connect(4);
    this.#version = 4;
    const { message: reason, remedy } = costOfOldMqtt;
    this.#logger.warn('The broker does not speak MQTT 5. The box speaks MQTT 3.1.1 with it.', {
      reason,
      remedy,
    });
    return connection;
  }
}
