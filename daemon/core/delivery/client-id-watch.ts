import type { RollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { brokerError } from './broker/broker-errors.js';
import type { ConditionPort } from './condition-port.js';
import type { Ending } from './hang-up-history.js';

/** A connection that ends sooner than this is suspicious, milliseconds. */
const shortLifeMs = 20_000;
/** Suspicious connections in a row that cannot be chance. */
const suspiciousCount = 4;

export interface ClientIdWatchOptions {
  /** `mqtt://host:port`. */
  readonly broker: string;
  readonly clientId: string;
  readonly conditions: ConditionPort;
  readonly logger: Logger;
}

/**
 * Notices that another client uses the client id of this box. A broker of MQTT 5 says so (reason code 0x8E). A broker of
 * 3.1.1 only hangs up: each of the two clients ends the connection of the other, so every connection ends soon.
 */
export class ClientIdWatch {
  readonly #options: ClientIdWatchOptions;
  #shortLives = 0;
  #problem: RollcallError | undefined;
  /** Whether the broker itself has named the present problem. */
  #isCertain = false;

  constructor(options: ClientIdWatchOptions) {
    this.#options = options;
  }

  /** Present while another client uses the client id. */
  get problem(): RollcallError | undefined {
    return this.#problem;
  }

  /**
   * A connection could not be made (`livedMs` undefined) or has ended. A hang-up because of a message of this box is no
   * evidence of another client.
   */
  ended({ code }: RollcallError, livedMs: number | undefined, ending: Ending): void {
    if (code === 'broker-client-id-taken') {
      this.#contested(true);
      return;
    }
    if (ending.isExplained) this.#shortLives = 0;
    if (ending.isOurs) return;
    const isSuspicious = code === 'broker-connection-lost' && livedMs !== undefined && livedMs < shortLifeMs;
    this.#shortLives = isSuspicious ? this.#shortLives + 1 : 0;
    if (this.#shortLives >= suspiciousCount) this.#contested(false);
  }

  /** The connection is steady. */
  lasted(): void {
    this.#shortLives = 0;
    this.#problem = undefined;
    this.#options.conditions.end('client-id-contested');
  }

  #contested(isCertain: boolean): void {
    const { broker, clientId, conditions, logger } = this.#options;
    if (this.#problem === undefined || (isCertain && !this.#isCertain)) {
      this.#isCertain = isCertain;
      this.#problem = brokerError(isCertain ? 'takenOver' : 'perhapsTakenOver', broker);
      const { remedy } = this.#problem;
      logger.error('another client uses the client id of this box', { clientId, isCertain, remedy });
    }
    const details = { clientId, isCertain };
    if (isCertain) conditions.change('client-id-contested', details, { active: ['named-by-the-broker'] });
    else conditions.begin('client-id-contested', details);
  }
}
