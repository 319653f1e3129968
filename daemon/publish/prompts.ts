import { type Clock, sleep } from '../base/clock.js';
import { messageOf, operational } from '../base/errors.js';
import type { Logger } from '../base/logger.js';
import type { Config } from '../config/schema.js';
import type { BoxIdentity } from '../domain/events/box-identity.js';
import { isoTime } from '../domain/iso-time.js';
import type { ChannelContext } from './alerts/channel.js';
import { postSigned } from './alerts/webhook.js';
import type { BrokerConnection } from './broker/broker-connection.js';
import type { Companion } from './companion.js';
import type { PromptMessage } from './contract/prompt-schema.js';
import type { Signer } from './signer.js';
import type { Topics } from './topics.js';

/** What is to be shown to the person at a camera; times of the wall clock, milliseconds. */
export type Prompt = Pick<PromptMessage, 'camera' | 'nonce' | 'state' | 'position' | 'of'> &
  Partial<Pick<PromptMessage, 'action' | 'reason'>> & { readonly deadlineMs?: number };

/** Takes a signed prompt somewhere else than to the broker. Ends within `promptWithinMs`; rejects where it fails. */
export type PromptChannel = (text: string, prompt: Prompt) => Promise<void>;

export interface PromptsOptions {
  readonly from: BoxIdentity;
  readonly signer: Signer;
  /** Numbers for messages, each greater than those before, over restarts too. */
  readonly nextSequence: () => number;
  /** Asked for each prompt; undefined where there is none. */
  readonly webhook: () => PromptChannel | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A prompt that nobody has taken by then comes too late, milliseconds. */
export const promptWithinMs = 1_500;
/** How long the broker keeps the end of a challenge for a screen that is away, seconds. */
const endExpiresInS = 5;

/**
 * Publishes prompts, signed, to the broker and to the webhook. A prompt is of use now or never: it has no place in the outbox, it
 * is not retained, and the broker is told when it expires.
 */
export class Prompts {
  readonly #options: PromptsOptions;
  #joined: { readonly connection: Pick<BrokerConnection, 'publish'>; readonly topics: Topics } | undefined;
  #isFailing = false;

  constructor(options: PromptsOptions) {
    this.#options = options;
  }

  /** What publishes them over each connection to the broker. */
  companion(topics: Topics): Companion {
    return {
      join: (connection, signal) => {
        const joined = { connection, topics };
        this.#joined = joined;
        const leave = (): void => {
          if (this.#joined === joined) this.#joined = undefined;
        };
        signal.addEventListener('abort', leave, { once: true });
      },
    };
  }

  /** Resolves with whether the broker or the webhook took it within `promptWithinMs`. Never rejects. */
  async show(prompt: Prompt): Promise<boolean> {
    const { clock, signer, webhook } = this.#options;
    const abort = new AbortController();
    const late = sleep(clock, promptWithinMs, abort.signal).then(() => {
      throw new Error(`nothing took it within ${promptWithinMs} ms`);
    });
    // It may come before anybody waits for it, where the process stood still.
    late.catch(() => undefined);
    const taken = async (): Promise<void> => {
      const text = await signer.sign(JSON.stringify(this.#message(prompt)));
      const channel = webhook();
      await Promise.any([
        this.#publish(text, prompt),
        ...(channel === undefined ? [] : [channel(text, prompt)]),
      ]);
    };
    try {
      await Promise.race([taken(), late]);
      this.#isFailing = false;
      return true;
    } catch (error) {
      this.#report(prompt, error);
      return false;
    } finally {
      abort.abort();
    }
  }

  #message({ deadlineMs, ...prompt }: Prompt): Omit<PromptMessage, 'signature'> {
    const { from, nextSequence, clock } = this.#options;
    const { camera, nonce, state, action, position, of, reason } = prompt;
    return {
      version: 1,
      site: from.siteId,
      box: from.boxId,
      ...{ camera, nonce, state },
      ...(action === undefined ? {} : { action }),
      ...{ position, of },
      ...(deadlineMs === undefined ? {} : { deadline: isoTime(deadlineMs) }),
      ...(reason === undefined ? {} : { reason }),
      time: isoTime(clock.wallMs()),
      sequence: nextSequence(),
    };
  }

  async #publish(text: string, { camera, deadlineMs }: Prompt): Promise<void> {
    const joined = this.#joined;
    if (joined === undefined) throw new Error('there is no connection to a broker');
    const { connection, topics } = joined;
    const expiresInS =
      deadlineMs === undefined ? endExpiresInS : (deadlineMs - this.#options.clock.wallMs()) / 1000;
    await connection.publish(topics.prompt(camera), new TextEncoder().encode(text), {
      isRetained: false,
      expiresInS: Math.max(1, expiresInS),
    });
  }

  /** Said once, until a prompt is taken again. */
  #report({ camera }: Prompt, error: unknown): void {
    if (this.#isFailing) return;
    this.#isFailing = true;
    const reasons: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    this.#options.logger.error('a prompt could not be shown: nobody can pass a challenge at this camera', {
      camera,
      reason: reasons.map(messageOf).join('; '),
      remedy: 'Look at the connection to the broker and at liveness.promptWebhook.',
    });
  }
}

export type PromptWebhookConfig = NonNullable<Config['liveness']['promptWebhook']>;

/** Posts prompts as they are published, signed as alerts are. */
export function promptWebhook(
  config: PromptWebhookConfig,
  context: Pick<ChannelContext, 'secretsDirectory' | 'version'>,
  clock: Clock,
): PromptChannel {
  return async (body, { nonce, state, position }) => {
    const idempotencyKey = `${nonce}-${state}-${position}`;
    const { signal } = new AbortController();
    const given = { body, idempotencyKey, limitMs: promptWithinMs, signal };
    const status = await postSigned({ ...config, id: 'prompts' }, given, context, clock);
    if (status >= 200 && status < 300) return;
    throw operational('webhook-refused', `the webhook for prompts answered with HTTP status ${status}`, {
      remedy: 'Check liveness.promptWebhook; the log of the receiver says why it refuses.',
    });
  };
}
