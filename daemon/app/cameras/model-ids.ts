import type { Config } from '../../config/schema.js';
import type { ModelIds } from '../../domain/events/event-data.js';

/** The networks that look at faces with this configuration; each sighting tells its recogniser itself. */
export function modelIds({ vision: { detector, passivePad } }: Config): ModelIds {
  return {
    detector: detector === 'auto' ? 'ssd-mobilenet-v1' : detector,
    landmarks: 'facemesh',
    eyes: 'iris',
    ...(passivePad === 'none' ? {} : { passivePad }),
  };
}
