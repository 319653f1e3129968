import { z } from 'zod';
import { noticedCameraStates } from '../../kernel/camera-state.js';
import type { Clock, Timer } from '../../kernel/clock.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { CameraNotice } from '../../kernel/events/notice.js';
import { cameraId } from '../../kernel/ids.js';
import type { Logger } from '../../kernel/logger.js';
import type { SourceStates } from '../records/source-states.js';
import {
  isSame,
  judgeCamera,
  type SaidOfCamera,
  type SeenOfCamera,
  sawCamera,
  settledCamera,
  type WatchedCamera,
  watchCamera,
} from './camera-events-rule.js';
import type { CameraStates } from './camera-states.js';

export interface CameraEventsOptions {
  readonly states: CameraStates;
  readonly records: {
    record(event: CameraNotice, alongside: () => void): unknown;
    readonly sources: { readonly states: Pick<SourceStates, 'of' | 'set'> };
  };
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The name under which the records keep the reported states. */
const source = 'cameras';
/** The wait after a failure to record. */
const retryMs = 10_000;

const saidSchema = z.record(
  z.string(),
  z.strictObject({
    state: z.enum(noticedCameraStates),
    code: z.string().exactOptional(),
    damage: z.string().exactOptional(),
  }),
);

interface Watch {
  camera: WatchedCamera;
  /** When the present state began, wall clock. */
  seenSinceWallMs: number;
  timer: Timer | undefined;
}

/**
 * Records an event when the state of a camera has changed and stays changed; see `camera-events-rule.ts`. The reported state is
 * stored together with the event. So a restart repeats nothing, and a change while the daemon was off is reported. A camera
 * that leaves the configuration ends as `disabled`.
 */
export class CameraEvents implements Disposable {
  readonly #options: CameraEventsOptions;
  readonly #watches = new Map<string, Watch>();
  readonly #said: Map<string, SaidOfCamera>;
  readonly #unsubscribe: () => void;
  #isFailing = false;

  constructor(options: CameraEventsOptions) {
    this.#options = options;
    const { states } = options;
    this.#said = new Map(Object.entries(this.#load()));
    this.#unsubscribe = states.onChanged((id) => this.#check(id));
    for (const id of new Set([...this.#said.keys(), ...states.all().map((camera) => camera.id)])) {
      this.#check(id);
    }
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    for (const { timer } of this.#watches.values()) timer?.cancel();
  }

  #check(id: string): void {
    const { states, clock } = this.#options;
    const known = states.of(id);
    const nowMs = clock.monotonicMs();
    if (known === undefined && !this.#said.has(id)) {
      // No event ever reported this camera.
      this.#watches.get(id)?.timer?.cancel();
      this.#watches.delete(id);
      return;
    }
    const watch = this.#watches.get(id) ?? {
      camera: watchCamera(this.#said.get(id), nowMs),
      seenSinceWallMs: clock.wallMs(),
      timer: undefined,
    };
    this.#watches.set(id, watch);
    const { state, code, damage } = known ?? { state: 'disabled' as const };
    const before = watch.camera;
    watch.camera = sawCamera(before, seenOf(state, code, damage), nowMs);
    if (watch.camera.seen !== before.seen) watch.seenSinceWallMs = known?.sinceMs ?? clock.wallMs();
    this.#judge(id, watch);
  }

  #judge(id: string, watch: Watch): void {
    const { clock } = this.#options;
    watch.timer?.cancel();
    watch.timer = undefined;
    for (;;) {
      const nowMs = clock.monotonicMs();
      const judgement = judgeCamera(watch.camera, nowMs);
      if (judgement.verdict === 'wait') {
        watch.timer = clock.after(judgement.forMs, () => this.#judge(id, watch));
        return;
      }
      const what = judgement.verdict === 'say' ? judgement.what : undefined;
      if (what !== undefined && !this.#say(id, what, watch)) {
        watch.timer = clock.after(retryMs, () => this.#judge(id, watch));
        return;
      }
      watch.camera = settledCamera(watch.camera, what, nowMs);
      if (watch.camera.unsettledSinceMs === undefined) break;
    }
    if (this.#options.states.of(id) === undefined) this.#watches.delete(id);
  }

  /** Records an event. False if that failed. */
  #say(id: string, what: SaidOfCamera, { camera, seenSinceWallMs }: Watch): boolean {
    const { records, states, clock, logger } = this.#options;
    const isSeen = isSame(camera.seen, what);
    const occurredAtMs = isSeen ? seenSinceWallMs : clock.wallMs();
    const said = new Map(this.#said);
    // A removed camera is forgotten: if it comes back, its first state is reported again.
    if (states.of(id) === undefined) said.delete(id);
    else said.set(id, what);
    const text = JSON.stringify(Object.fromEntries(said));
    try {
      const notice: CameraNotice = { kind: 'camera', occurredAtMs, cameraId: cameraId(id), ...what };
      records.record(notice, () => records.sources.states.set(source, text));
    } catch (error) {
      if (!isRollcallError(error) || error.kind === 'defect') throw error;
      if (!this.#isFailing) logger.error('a change of a camera cannot be recorded; retrying', { error });
      this.#isFailing = true;
      return false;
    }
    this.#isFailing = false;
    this.#said.clear();
    for (const [each, state] of said) this.#said.set(each, state);
    return true;
  }

  #load(): Readonly<Record<string, SaidOfCamera>> {
    const text = this.#options.records.sources.states.of(source);
    return text === undefined ? {} : saidSchema.parse(JSON.parse(text));
  }
}

function seenOf(
  state: SeenOfCamera['state'],
  code: string | undefined,
  damage: string | undefined,
): SeenOfCamera {
  if (state === 'failed') return code === undefined ? { state } : { state, code };
  return state === 'streaming' && damage !== undefined ? { state, damage } : { state };
}
