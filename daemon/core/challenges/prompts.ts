import type { PromptMessage } from '../../contract/events/prompt-schema.js';
import type { Config } from '../../contract/settings/schema.js';
import { type Clock, sleep } from '../../kernel/clock.js';
import { messageOf } from '../../kernel/errors.js';
import type { BoxIds } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import { said } from '../../kernel/said.js';
import { failure } from '../../words/errors.js';
import { english } from '../../words/language.js';
import type { ChannelContext } from '../alerts/channel.js';
import { postSigned } from '../alerts/webhook.js';
import type { BrokerConnection } from '../delivery/broker/broker-connection.js';
import type { ConnectionTask } from '../delivery/connection-task.js';
import type { Signer } from '../delivery/signer.js';
import type { Topics } from '../delivery/topics.js';

/** A prompt for the person at a camera. `deadlineMs`: wall clock. */
export type Prompt = Pick<PromptMessage, 'camera' | 'nonce' | 'state' | 'position' | 'of'> &
  Partial<Pick<PromptMessage, 'action' | 'reason'>> & { readonly deadlineMs?: number };

/** Delivers a signed prompt by another way than the broker, within `promptLimitMs`. Rejects when that fails. */
export type PromptChannel = (text: string, prompt: Prompt) => Promise<void>;

/** Why the latest question to a person could not be shown at a camera. */
export interface PromptProblem {
  /** Wall clock, milliseconds. */
  readonly atMs: number;
  readonly reason: string;
}

export const promptRemedy = said('doctor/remedy-prompt');

export interface PromptsOptions {
  readonly from: BoxIds;
  readonly signer: Signer;
  /** Numbers for messages. Each is greater than the one before, also over restarts. */
  readonly nextSequence: () => number;
  /** Called for each prompt; undefined where no webhook is configured. */
  readonly webhook: () => PromptChannel | undefined;
  /** The paired screens: resolves when a person can see the prompt on one of them. */
  readonly screens: (prompt: Prompt) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A prompt that the broker or the webhook takes later than this is useless, milliseconds. */
export const promptLimitMs = 1_500;
/** How long the broker keeps the end of a challenge for a screen that is away, seconds. */
const endExpiresInS = 5;

/**
 * Publishes signed prompts to the broker and to the webhook, and brings them to the paired screens. A prompt is useful now or never: it does not go into the outbox,
 * it is not retained, and it carries an expiry time for the broker.
 */
export class Prompts {
  readonly #options: PromptsOptions;
  #current: { readonly connection: Pick<BrokerConnection, 'publish'>; readonly topics: Topics } | undefined;
  readonly #problems = new Map<string, PromptProblem>();

  constructor(options: PromptsOptions) {
    this.#options = options;
  }

  /** Makes each connection to the broker available for prompts. */
  connectionTask(topics: Topics): ConnectionTask {
    return {
      whenOnline: (connection, signal) => {
        const current = { connection, topics };
        this.#current = current;
        const leave = (): void => {
          if (this.#current === current) this.#current = undefined;
        };
        signal.addEventListener('abort', leave, { once: true });
      },
    };
  }

  /** By camera: absent if the latest prompt for an action was shown there, and before the first. */
  get problems(): ReadonlyMap<string, PromptProblem> {
    return this.#problems;
  }

  /** Resolves with whether a paired screen, a subscriber of the broker or the webhook took it within `promptLimitMs`. Never rejects. */
  async show(prompt: Prompt): Promise<boolean> {
    const { clock, signer, webhook, screens } = this.#options;
    const abort = new AbortController();
    const late = sleep(clock, promptLimitMs, abort.signal).then(() => {
      throw new Error(`no screen, broker or webhook took the prompt within ${promptLimitMs} ms`);
    });
    // After a pause of the process, `late` can reject before the race below begins.
    late.catch(() => undefined);
    const taken = async (): Promise<void> => {
      // A screen of the box gets no signature: it knows the box by its certificate.
      const onScreen = screens(prompt);
      const text = signer.sign(JSON.stringify(this.#message(prompt)));
      const channel = webhook();
      await Promise.any([
        onScreen,
        text.then((signed) => this.#publish(signed, prompt)),
        ...(channel === undefined ? [] : [text.then((signed) => channel(signed, prompt))]),
      ]);
    };
    try {
      await Promise.race([taken(), late]);
      if (prompt.state === 'asked') this.#problems.delete(prompt.camera);
      return true;
    } catch (error) {
      // A missed end of a challenge keeps no person from passing.
      if (prompt.state === 'asked') this.#report(prompt.camera, error);
      return false;
    } finally {
      abort.abort();
    }
  }

  #message({ deadlineMs, ...prompt }: Prompt): Omit<PromptMessage, 'signature'> {
    const { from, nextSequence, clock } = this.#options;
    const { camera, nonce, state, action, position, of, reason } = prompt;
    const deadline = deadlineMs === undefined ? undefined : isoTime(deadlineMs);
    return {
      version: 1,
      site: from.siteId,
      box: from.boxId,
      ...{ camera, nonce, state },
      ...present({ action, position, of, deadline, reason }),
      time: isoTime(clock.wallMs()),
      sequence: nextSequence(),
    };
  }

  async #publish(text: string, { camera, deadlineMs }: Prompt): Promise<void> {
    if (this.#current === undefined) throw new Error('there is no connection to a broker');
    const { connection, topics } = this.#current;
    const expiresInS =
      deadlineMs === undefined ? endExpiresInS : (deadlineMs - this.#options.clock.wallMs()) / 1000;
    const topic = topics.prompt(camera);
    let isRead = true;
    await connection.publish(topic, new TextEncoder().encode(text), {
      isRetained: false,
      expiresInS: Math.max(1, expiresInS),
      onNoSubscriber: () => {
        isRead = false;
      },
    });
    // Without this, a person who sees no prompt would fail three challenges and be called an attack.
    if (!isRead) throw new Error(`no client of the broker subscribes to ${topic}`);
  }

  /** Logs the first of several failures in a row at a camera. */
  #report(camera: string, error: unknown): void {
    const isFirst = !this.#problems.has(camera);
    const reasons: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    const reason = reasons.map(messageOf).join('; ');
    this.#problems.set(camera, { atMs: this.#options.clock.wallMs(), reason });
    if (!isFirst) return;
    this.#options.logger.error('Cannot show a prompt, so no person can pass a challenge at this camera', {
      ...{ camera, reason, remedy: english.textOf(promptRemedy) },
    });
  }
}

export type PromptWebhookConfig = NonNullable<Config['liveness']['promptWebhook']>;

/** Posts the published prompts to a webhook, signed like alerts. */
export function promptWebhook(
  config: PromptWebhookConfig,
  context: Pick<ChannelContext, 'bounds' | 'openSecret' | 'version'>,
  clock: Clock,
): PromptChannel {
  return async (body, { nonce, state, position }) => {
    const idempotencyKey = `${nonce}-${state}-${position}`;
    const { signal } = new AbortController();
    const given = { body, idempotencyKey, limitMs: promptLimitMs, signal };
    const { status } = await postSigned({ ...config, id: 'prompts' }, given, context, clock);
    if (status >= 200 && status < 300) return;
    throw failure('webhook-refused', { status });
  };
}
