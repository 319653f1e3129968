import { Lifetime } from '../../daemon/base/lifetime.js';
import { silentLogger } from '../../daemon/base/logger.js';
import { readPeople } from '../../daemon/cli/import/labelled-photographs.js';
import { configSchema } from '../../daemon/config/schema.js';
import type { RecogniserName } from '../../daemon/config/vision-schema.js';
import type { LabelledPerson, Sample } from '../../daemon/domain/identification/identification-trial.js';
import type { MatchPolicy } from '../../daemon/domain/identification/match.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { matchPolicy } from '../../daemon/models/operating-point.js';
import { openModelStore } from '../../daemon/models/store.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import { samplePhoto } from '../../daemon/vision/photo-sample.js';
import { recogniserInUse } from '../../daemon/vision/recogniser-in-use.js';

/** Turns labelled photographs into what trials are made of, with one recogniser at its own operating point. */
export interface Sampler extends AsyncDisposable {
  readonly policy: MatchPolicy;
  samples(paths: readonly string[]): Promise<Sample[]>;
  /** The people of a folder with more photographs each than `references`, by name. */
  peopleIn(directory: string, references: number): Promise<LabelledPerson[]>;
}

export async function openSampler(recogniser: RecogniserName): Promise<Sampler> {
  const lifetime = new Lifetime(systemClock);
  const models = await openModelStore();
  const inference = { provider: 'cpu', detector: 'auto', passivePad: 'none', threads: 1 } as const;
  const analyser = lifetime.use(
    'face analyser',
    await openFaceAnalyser({ ...inference, models, recogniser, logger: silentLogger }),
  );
  const config = configSchema.parse({
    site: { id: 'bench', timeZone: 'UTC' },
    cameras: [{ id: 'clip', name: 'Clip', url: 'rtsp://127.0.0.1/' }],
  });
  const samples = async (paths: readonly string[]): Promise<Sample[]> => {
    const found: Sample[] = [];
    for (const path of paths) {
      const { embedding, refusal } = await samplePhoto(path, analyser);
      found.push({ embedding, isEnrollable: refusal === undefined });
    }
    return found;
  };
  return {
    policy: matchPolicy(config, recogniserInUse(models, recogniser).pack),
    samples,
    async peopleIn(directory, references) {
      const found: LabelledPerson[] = [];
      for (const { name, paths } of await readPeople(directory))
        if (paths.length > references) found.push({ name, samples: await samples(paths) });
      return found;
    },
    [Symbol.asyncDispose]: () => lifetime[Symbol.asyncDispose](),
  };
}
