import type { Clock } from '../../kernel/clock.js';
import { TokenBucket } from '../../kernel/token-bucket.js';

/** Refusals sent to one issuer, and refusals of all commands without a proven issuer. */
const provenAnswers = { most: 50, everyMs: 2_000 };
const unprovenAnswers = { most: 20, everyMs: 30_000 };
/** Repeated answers to one issuer. An attacker with copies of its tokens can request them, up to 32 KiB each. */
const repeatedAnswers = { most: 50, everyMs: 10_000 };
/** Answers to one token. A centre asks again once or twice; later repetitions come from a sender that had the answer. */
const answersToOne = { most: 2, everyMs: 30_000 };
/** How often a centre that missed the answer may repeat a token. More repetitions mean that the token was copied. */
const honestRepetitions = 2;
/** More issuers than a box trusts in practice. A forgotten issuer starts with full allowances. */
const mostIssuers = 256;
/** More ids than the box can answer again in half a day. */
const mostIds = 4_096;

/** A command with a proven issuer. */
export interface ProvenCommand {
  readonly issuerId: string;
  readonly commandId: string;
}

/**
 * Limits how often the box answers. Each issuer has its own allowances, and those for repeated answers are separate from those
 * for refusals. So a flood, also with copied tokens, does not use up the allowance of another issuer or of new commands.
 */
export class AnswerLimits {
  readonly #unproven: TokenBucket;
  readonly #issuers: RecentMap<{ readonly refusals: TokenBucket; readonly repetitions: TokenBucket }>;
  /** By issuer and id. */
  readonly #tokens: RecentMap<{ readonly answers: TokenBucket; repetitions: number }>;

  constructor(clock: Clock) {
    this.#unproven = new TokenBucket(clock, unprovenAnswers);
    this.#issuers = new RecentMap(mostIssuers, () => ({
      refusals: new TokenBucket(clock, provenAnswers),
      repetitions: new TokenBucket(clock, repeatedAnswers),
    }));
    this.#tokens = new RecentMap(mostIds, () => ({
      answers: new TokenBucket(clock, answersToOne),
      repetitions: 0,
    }));
  }

  /** Whether a command without a proven issuer may be answered now. */
  mayAnswerUnproven(): boolean {
    return this.#unproven.take();
  }

  mayRefuse(command: ProvenCommand): boolean {
    return this.#token(command).answers.take() && this.#issuers.at(command.issuerId).refusals.take();
  }

  mayRepeat(command: ProvenCommand): boolean {
    return this.#token(command).answers.take() && this.#issuers.at(command.issuerId).repetitions.take();
  }

  /** Counts the repetition of an accepted command. Returns whether it came more often than an honest centre sends it. */
  isReplay(command: ProvenCommand): boolean {
    const token = this.#token(command);
    token.repetitions += 1;
    return token.repetitions > honestRepetitions;
  }

  #token({ issuerId, commandId }: ProvenCommand) {
    return this.#tokens.at(`${issuerId}/${commandId}`);
  }
}

/** Values by key, made at first use. Keeps at most `most` values and forgets the least recently used. */
export class RecentMap<Value> {
  readonly #most: number;
  readonly #make: () => Value;
  readonly #values = new Map<string, Value>();

  constructor(most: number, make: () => Value) {
    this.#most = most;
    this.#make = make;
  }

  get size(): number {
    return this.#values.size;
  }

  at(key: string): Value {
    const value = this.#values.get(key) ?? this.#make();
    // A map keeps the order in which keys were set.
    this.#values.delete(key);
    this.#values.set(key, value);
    const [oldest] = this.#values.keys();
    if (this.#values.size > this.#most && oldest !== undefined) this.#values.delete(oldest);
    return value;
  }
}
