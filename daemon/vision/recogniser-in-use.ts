import { defect } from '../base/errors.js';
import type { RecogniserId } from '../domain/ids.js';
import type { ModelPack } from '../models/manifest.js';
import type { ModelStore } from '../models/store.js';
import { dlibContract } from './inference/recogniser.js';

/** The recogniser every process of the box uses: what templates are made with and compared by. */
export interface RecogniserInUse {
  readonly id: RecogniserId;
  readonly pack: ModelPack;
  /** Values of one embedding. */
  readonly dimensions: number;
}

/** The embedded recogniser, as the manifest describes it. */
export function embeddedRecogniser(store: ModelStore): RecogniserInUse {
  const pack = store.pack('dlib-resnet');
  const dimensions = pack.outputs[0]?.shape.at(-1);
  if (typeof dimensions !== 'number') throw defect('manifest-shape', `${pack.id} has no embedding size`);
  return { id: dlibContract.id, pack, dimensions };
}
