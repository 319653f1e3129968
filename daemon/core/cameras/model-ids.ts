import type { Config } from '../../contract/settings/schema.js';
import { type DetectorName, detectorInUse } from '../../contract/settings/vision-schema.js';
import type { ModelIds } from '../../kernel/events/event-data.js';

const detectors: Readonly<Record<Exclude<DetectorName, 'auto'>, string>> = {
  'ssd-mobilenet-v1': 'ssd-mobilenet-v1',
  blazeface: 'blazeface',
  'in-turn': 'ssd-mobilenet-v1+blazeface',
  yunet: 'yunet',
};

/** The ids of the configured networks. The recogniser is missing because each sighting names it. */
export function modelIds({ vision }: Config): ModelIds {
  const { landmarks, passivePad } = vision;
  return {
    detector: detectors[detectorInUse(vision)],
    landmarks,
    eyes: landmarks === 'facemesh' ? 'iris' : landmarks,
    ...(passivePad === 'none' ? {} : { passivePad }),
  };
}
