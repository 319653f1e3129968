import { defect } from '../base/errors.js';
import type { RecogniserName } from '../config/vision-schema.js';
import type { RecogniserId } from '../domain/ids.js';
import type { ModelPack } from '../models/manifest.js';
import type { ModelStore } from '../models/store.js';
import { contractOf } from './inference/recogniser-contract.js';

/** The recogniser every process of the box uses: what templates are made with and compared by. */
export interface RecogniserInUse {
  readonly id: RecogniserId;
  readonly pack: ModelPack;
  /** Values of one embedding. */
  readonly dimensions: number;
}

/** The configured recogniser, as the manifest describes it. */
export function recogniserInUse(store: Pick<ModelStore, 'pack'>, packId: RecogniserName): RecogniserInUse {
  const pack = store.pack(packId);
  const dimensions = pack.outputs[0]?.shape.at(-1);
  if (typeof dimensions !== 'number') throw defect('manifest-shape', `${pack.id} has no embedding size`);
  return { id: contractOf(packId).id, pack, dimensions };
}
