import type { RollcallError } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Ending } from './acceptance.js';
import { brokerError } from './broker/broker-errors.js';
import type { ConditionPort } from './condition-port.js';

/** A connection that the broker ends sooner than this was not ended for being old, milliseconds. */
const shortLifeMs = 20_000;
/** So many in a row, with nothing else going wrong between them, are no chance. */
const suspiciousCount = 4;

export interface ContestWatchOptions {
  /** `mqtt://host:port`. */
  readonly broker: string;
  readonly clientId: string;
  readonly conditions: ConditionPort;
  readonly logger: Logger;
}

/**
 * Notices that another client uses the client id of this box. A broker of MQTT 5 says so (reason code 0x8E); one of 3.1.1
 * only hangs up, and two that contend hang each other up for ever: each connection comes about and ends soon after.
 */
export class ContestWatch {
  readonly #options: ContestWatchOptions;
  #shortLives = 0;
  #problem: RollcallError | undefined;
  /** Of the problem that is present: the broker has named it. */
  #isCertain = false;

  constructor(options: ContestWatchOptions) {
    this.#options = options;
  }

  /** Present for as long as another client contends. */
  get problem(): RollcallError | undefined {
    return this.#problem;
  }

  /**
   * A connection could not be made (`livedMs` undefined) or has ended. Where the broker hung up because of a message of this
   * box, the end is not evidence of another client with the same id.
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

  /** A connection has lasted. */
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
      logger.error('another client uses the client id of this box', {
        clientId,
        isCertain,
        remedy: this.#problem.remedy,
      });
    }
    const details = { clientId, isCertain };
    if (isCertain) conditions.change('client-id-contested', details, { holds: ['named-by-the-broker'] });
    else conditions.begin('client-id-contested', details);
  }
}
