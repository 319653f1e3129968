import type { Handlers } from '../../contract/handlers.js';
import type { challengeOperations, ScreenItem } from '../../contract/screens.js';
import { Bell } from '../../kernel/bell.js';
import { DropOldestQueue } from '../../kernel/bounded-queue.js';
import type { Clock } from '../../kernel/clock.js';
import { present } from '../../kernel/present.js';
import { failure } from '../../words/errors.js';
import { notFound } from '../api/not-found.js';
import type { Prompt } from './prompts.js';

/** How often a screen hears from the box, milliseconds. */
const stateEveryMs = 10_000;
/** A screen connects again after this time, milliseconds. The stream of one that was removed ends before: its rights are looked at. */
const followForMs = 5 * 60_000;
/** Prompts that wait for a slow screen. Older ones are useless. */
const mostWaiting = 4;
/** Screens that follow one camera at once. */
const mostFollowers = 8;

/** What a screen shows beside the prompts; undefined where the configuration has no such camera. */
export type CameraOfScreen = (
  camera: string,
) => { readonly name: string; readonly isStreaming: boolean; readonly isAsking: boolean } | undefined;

interface Follower {
  readonly camera: string;
  readonly prompts: DropOldestQueue<Prompt>;
  ring(): void;
}

/** A prompt that waits until a person can see it. */
interface Waiting {
  readonly prompt: Prompt;
  readonly seen: () => void;
}

/**
 * Brings prompts to the screens that follow a camera. A prompt counts as shown when a screen says so: a page that is open but hidden says
 * nothing.
 */
export class PromptScreens {
  readonly #clock: Clock;
  readonly #followers = new Set<Follower>();
  /** By camera: the latest request for an action. */
  readonly #waiting = new Map<string, Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when a screen shows the prompt; of the end of a challenge, when a screen follows. Rejects if none does. */
  show(prompt: Prompt): Promise<void> {
    const followers = [...this.#followers].filter(({ camera }) => camera === prompt.camera);
    this.#waiting.delete(prompt.camera);
    if (followers.length === 0) return Promise.reject(new Error('no paired screen follows the camera'));
    const isSeen =
      prompt.state === 'asked'
        ? new Promise<void>((resolve) => this.#waiting.set(prompt.camera, { prompt, seen: resolve }))
        : Promise.resolve();
    for (const { prompts, ring } of followers) {
      prompts.push(prompt);
      ring();
    }
    return isSeen;
  }

  /** A person can see this prompt. False if it no longer waits for that. */
  shown(given: Pick<Prompt, 'camera' | 'nonce' | 'position'>): boolean {
    const waiting = this.#waiting.get(given.camera);
    if (waiting?.prompt.nonce !== given.nonce || waiting.prompt.position !== given.position) return false;
    waiting.seen();
    return true;
  }

  /** Yields the prompts of a camera and its state, for a few minutes, until `signal` aborts, or the camera is gone. @throws `busy` */
  async *follow(camera: string, describe: CameraOfScreen, signal: AbortSignal): AsyncGenerator<ScreenItem> {
    const others = [...this.#followers].filter((follower) => follower.camera === camera);
    if (others.length >= mostFollowers) throw tooManyFollowers(camera);
    const bell = new Bell(this.#clock, signal);
    const prompts = new DropOldestQueue<Prompt>(mostWaiting);
    const follower: Follower = { camera, prompts, ring: () => bell.ring() };
    this.#followers.add(follower);
    const open = this.#waiting.get(camera);
    if (open !== undefined) prompts.push(open.prompt);
    const untilMs = this.#clock.monotonicMs() + followForMs;
    const isOver = (): boolean => signal.aborted || this.#clock.monotonicMs() >= untilMs;
    try {
      for (let dueMs = this.#clock.monotonicMs(); !isOver(); ) {
        for (let next = prompts.shift(); next !== undefined; next = prompts.shift()) {
          const item = this.#itemOf(next);
          if (item !== undefined) yield item;
        }
        if (this.#clock.monotonicMs() >= dueMs) {
          const state = describe(camera);
          if (state === undefined) return;
          yield { kind: 'state', ...state };
          dueMs = this.#clock.monotonicMs() + stateEveryMs;
        }
        if (prompts.length === 0) await bell.wait(dueMs - this.#clock.monotonicMs());
      }
    } finally {
      this.#followers.delete(follower);
    }
  }

  /** Undefined for a question whose time is over: a screen that shows it would only confuse. */
  #itemOf({ nonce, state, position, of, action, reason, deadlineMs }: Prompt): ScreenItem | undefined {
    const answerMs = deadlineMs === undefined ? undefined : deadlineMs - this.#clock.wallMs();
    if (answerMs !== undefined && answerMs <= 0) return undefined;
    return { kind: 'prompt', ...{ nonce, state, position, of }, ...present({ action, reason, answerMs }) };
  }
}

/** The operations of the screens. */
export function challengeHandlers(
  screens: PromptScreens,
  describe: CameraOfScreen,
): Handlers<typeof challengeOperations> {
  return {
    'challenges.follow'({ camera }, { signal }) {
      if (describe(camera) === undefined) {
        throw notFound('camera', camera, 'rollcall camera list');
      }
      return screens.follow(camera, describe, signal);
    },
    'challenges.shown': (prompt) => ({ isInTime: screens.shown(prompt) }),
  };
}

function tooManyFollowers(camera: string) {
  return failure('busy:displays', { most: mostFollowers, camera }, { retryable: true });
}
