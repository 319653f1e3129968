import { Allowance } from '../../base/allowance.js';
import type { Clock } from '../../base/clock.js';
import { RecentMap } from './recent-map.js';

/** Refusals of one issuer's commands, and of those that nobody proved to have sent. */
const provenAnswers = { most: 50, everyMs: 2_000 };
const unprovenAnswers = { most: 20, everyMs: 30_000 };
/** Answers of one issuer that are given again: whoever copied its tokens can have them given, of up to 32 KiB each. */
const repeatedAnswers = { most: 50, everyMs: 10_000 };
/** Answers to one token: a centre asks again once or twice, and whoever goes on asking has had the answer. */
const answersToOne = { most: 2, everyMs: 30_000 };
/** How often a centre that saw no answer may well send a token again; more often it is somebody who copied it. */
const honestRepetitions = 2;
/** More issuers than anybody trusts; one that is forgotten begins anew. */
const mostIssuers = 256;
/** More ids than repeated answers are given in half a day. */
const mostIds = 4_096;

/** A command whose issuer is proven. */
export interface ProvenCommand {
  readonly issuerId: string;
  readonly commandId: string;
}

/**
 * How often answers are given. The allowances of an issuer are its own, and those to answer again are apart from those to
 * refuse: nobody who floods the box, with tokens copied from whomever, uses up what another issuer or a new command needs.
 */
export class AnswerLimits {
  readonly #unproven: Allowance;
  readonly #issuers: RecentMap<{ readonly refusals: Allowance; readonly repetitions: Allowance }>;
  /** By issuer and id. */
  readonly #tokens: RecentMap<{ readonly answers: Allowance; repetitions: number }>;

  constructor(clock: Clock) {
    this.#unproven = new Allowance(clock, unprovenAnswers);
    this.#issuers = new RecentMap(mostIssuers, () => ({
      refusals: new Allowance(clock, provenAnswers),
      repetitions: new Allowance(clock, repeatedAnswers),
    }));
    this.#tokens = new RecentMap(mostIds, () => ({
      answers: new Allowance(clock, answersToOne),
      repetitions: 0,
    }));
  }

  /** Whether somebody who proved nothing may be answered now. */
  mayAnswerStranger(): boolean {
    return this.#unproven.take();
  }

  mayRefuse(command: ProvenCommand): boolean {
    return this.#token(command).answers.take() && this.#issuers.at(command.issuerId).refusals.take();
  }

  mayRepeat(command: ProvenCommand): boolean {
    return this.#token(command).answers.take() && this.#issuers.at(command.issuerId).repetitions.take();
  }

  /** An accepted command came again: whether that is more often than an honest centre would send it. */
  isReplay(command: ProvenCommand): boolean {
    const token = this.#token(command);
    token.repetitions += 1;
    return token.repetitions > honestRepetitions;
  }

  #token({ issuerId, commandId }: ProvenCommand) {
    return this.#tokens.at(`${issuerId}/${commandId}`);
  }
}
