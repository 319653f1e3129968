import {
  type ListedRecogniser,
  type RecogniserName,
  type RecogniserSetting,
  recogniserName,
  recogniserNames,
} from '../contract/settings/vision-schema.js';
import type { ModelPack } from '../host/models/model-manifest.js';
import type { ModelStore, PackStatus } from '../host/models/store.js';
import { defect } from '../kernel/errors.js';
import type { RecogniserId } from '../kernel/ids.js';
import type { RecogniserReason } from '../kernel/recogniser-reason.js';
import { contractOfPack } from './inference/recogniser-contract.js';

/** The recogniser that every process of the box uses to make and compare templates. */
export interface RecogniserInUse {
  /** Its name in the configuration, and the id of its pack. */
  readonly name: RecogniserName;
  readonly id: RecogniserId;
  readonly pack: ModelPack;
  /** Number of values in an embedding. */
  readonly dimensions: number;
}

export interface ChosenRecogniser extends RecogniserInUse {
  readonly reason: RecogniserReason;
  /** The state of the preferred recogniser on this machine: a gallery without persons gets it. */
  readonly preferred: PackStatus['state'];
}

/** The most accurate recogniser that the installation builds (docs/measurements/accuracy.md). */
export const preferredRecogniser = 'mobilefacenet' satisfies ListedRecogniser;
/** Always available: it is part of the program's npm packages. */
export const fallbackRecogniser = 'dlib-resnet' satisfies ListedRecogniser;

/** The recogniser `name` with the facts of the manifest. */
export function recogniserInUse(store: Pick<ModelStore, 'pack'>, name: RecogniserName): RecogniserInUse {
  const pack = store.pack(name);
  const dimensions = pack.outputs[0]?.shape.at(-1);
  if (typeof dimensions !== 'number') throw defect('manifest-shape', `${pack.id} has no embedding size`);
  return { name, id: contractOfPack(pack).id, pack, dimensions };
}

/**
 * The recogniser that the configuration selects. `auto` keeps the recogniser of the gallery; it changes to another one only
 * when re-embedding for it is complete and its network is installed. A gallery without persons gets the preferred
 * recogniser, or the fallback where the preferred one was never built. A damaged file of the preferred one stays an error: it
 * is no reason to enrol with another network.
 */
export async function chooseRecogniser(
  store: Pick<ModelStore, 'pack' | 'status' | 'own'>,
  configured: RecogniserSetting,
  gallery?: { readonly made: RecogniserId; readonly readyFor?: RecogniserId },
): Promise<ChosenRecogniser> {
  const { state: preferred } = await store.status(preferredRecogniser);
  const chosen = (name: RecogniserName, reason: RecogniserReason): ChosenRecogniser => ({
    ...recogniserInUse(store, name),
    reason,
    preferred,
  });
  if (configured !== 'auto') return chosen(configured, 'configured');
  const next = nameOf(store, gallery?.readyFor);
  if (next !== undefined && (await store.status(next)).state === 'ready') return chosen(next, 'gallery');
  const own = nameOf(store, gallery?.made);
  if (own !== undefined) return chosen(own, 'gallery');
  return chosen(preferred === 'absent' ? fallbackRecogniser : preferredRecogniser, 'default');
}

/** The names of the recognisers of the manifest, and of those that the owner of the box added. */
export function knownRecognisers({ own }: Pick<ModelStore, 'own'>): readonly RecogniserName[] {
  return [...recogniserNames, ...own.map(({ id }) => recogniserName.parse(id))];
}

function nameOf(
  store: Pick<ModelStore, 'pack' | 'own'>,
  id: RecogniserId | undefined,
): RecogniserName | undefined {
  return knownRecognisers(store).find((name) => contractOfPack(store.pack(name)).id === id);
}
