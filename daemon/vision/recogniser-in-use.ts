import { defect } from '../base/errors.js';
import { type RecogniserChoice, type RecogniserName, recogniserNames } from '../config/vision-schema.js';
import type { RecogniserId } from '../domain/ids.js';
import type { ModelPack } from '../models/manifest.js';
import type { ModelStore, PackStatus } from '../models/store.js';
import { contractOf } from './inference/recogniser-contract.js';

/** The recogniser every process of the box uses: what templates are made with and compared by. */
export interface RecogniserInUse {
  /** What it is called in the configuration; also the id of its pack. */
  readonly name: RecogniserName;
  readonly id: RecogniserId;
  readonly pack: ModelPack;
  /** Values of one embedding. */
  readonly dimensions: number;
}

/** Why it is in use: `default` where neither the configuration nor a gallery says anything. */
export type RecogniserReason = 'configured' | 'gallery' | 'default';

export interface ChosenRecogniser extends RecogniserInUse {
  readonly reason: RecogniserReason;
  /** How the recogniser stands on this machine that a gallery without persons is given. */
  readonly preferred: PackStatus['state'];
}

/** Errs least of those that set-up builds (docs/accuracy.md). */
export const preferredRecogniser = 'mobilefacenet' satisfies RecogniserName;
/** Comes with the program's own npm packages, so it is always there. */
export const fallbackRecogniser = 'dlib-resnet' satisfies RecogniserName;

/** A recogniser as the manifest describes it. */
export function recogniserInUse(store: Pick<ModelStore, 'pack'>, name: RecogniserName): RecogniserInUse {
  const pack = store.pack(name);
  const dimensions = pack.outputs[0]?.shape.at(-1);
  if (typeof dimensions !== 'number') throw defect('manifest-shape', `${pack.id} has no embedding size`);
  return { name, id: contractOf(name).id, pack, dimensions };
}

/**
 * The recogniser that the configuration means. `auto` never leaves the one that a gallery was made with, unless a move to
 * another one is ready whose network is there. A gallery without persons gets the preferred one; the fallback stands in only
 * where that was never built: a damaged file is an error to be told, not a reason to enrol with another network.
 */
export async function chooseRecogniser(
  store: Pick<ModelStore, 'pack' | 'status'>,
  configured: RecogniserChoice,
  gallery?: { readonly made: RecogniserId; readonly readyFor?: RecogniserId },
): Promise<ChosenRecogniser> {
  const { state: preferred } = await store.status(preferredRecogniser);
  const chosen = (name: RecogniserName, reason: RecogniserReason): ChosenRecogniser => ({
    ...recogniserInUse(store, name),
    reason,
    preferred,
  });
  if (configured !== 'auto') return chosen(configured, 'configured');
  const next = nameOf(gallery?.readyFor);
  if (next !== undefined && (await store.status(next)).state === 'ready') return chosen(next, 'gallery');
  const own = nameOf(gallery?.made);
  if (own !== undefined) return chosen(own, 'gallery');
  return chosen(preferred === 'absent' ? fallbackRecogniser : preferredRecogniser, 'default');
}

function nameOf(id: RecogniserId | undefined): RecogniserName | undefined {
  return recogniserNames.find((name) => contractOf(name).id === id);
}
