import {
  type DetectorName,
  detectorInUse,
  type LandmarkName,
  type PassivePadName,
  type ProviderName,
  type RecogniserName,
} from '../../contract/settings/vision-schema.js';
import type { ModelPack } from '../../host/models/model-manifest.js';
import { readOwnNetwork } from '../../host/models/own-recogniser.js';
import type { ModelStore } from '../../host/models/store.js';
import { systemClock } from '../../host/system-clock.js';
import { systemRandom } from '../../host/system-random.js';
import { badInput, defect } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import type { FaceAnalyser, ProviderInUse } from '../face-analyser.js';
import type { RunMade } from './batches.js';
import { BlazefaceDetector } from './blazeface-detector.js';
import { EyeNetwork } from './eye-network.js';
import type { DetectorPolicy, FaceDetector } from './face-detector.js';
import { FaceMeshNetwork, faceLandmarkerContract, facemeshContract } from './face-mesh-network.js';
import type { Network, openNetwork } from './network.js';
import { type NetworkInUse, Networks } from './networks.js';
import { OnnxFaceAnalyser } from './onnx-face-analyser.js';
import { PassivePad } from './passive-pad.js';
import { type GpuSigns, gpuSigns } from './provider.js';
import { Recogniser } from './recogniser.js';
import { contractOfPack } from './recogniser-contract.js';
import { SsdDetector } from './ssd-detector.js';
import { YunetDetector } from './yunet-detector.js';

export interface FaceAnalyserOptions {
  readonly models: Pick<ModelStore, 'pack' | 'path' | 'status'>;
  /** One that must work, or `auto` for the best that works. */
  readonly provider: ProviderName;
  /**
   * `auto`: depends on `passivePad`. `in-turn`: BlazeFace makes the quick looks. `yunet`: any form of YuNet that is installed.
   */
  readonly detector: DetectorName;
  /** `face-landmarker` also measures the eyes. Default: `facemesh`. */
  readonly landmarks?: LandmarkName;
  readonly passivePad: PassivePadName;
  /** Threads one run of a network may use on the processor, 1 or more. */
  readonly threads: number;
  readonly logger: Logger;
  readonly recogniser: RecogniserName;
  /** The signs of a GPU; absent: those of this machine. */
  readonly gpuSigns?: GpuSigns;
  /** Whether calls will overlap, so that a GPU prepares for batches. Default: they will not. */
  readonly preparesBatches?: boolean;
  /** Called when `auto` gives up a GPU that no longer works. */
  onProviderChanged?(provider: ProviderInUse): void;
  /** Called after each run on a GPU. */
  onRun?(network: string, run: RunMade): void;
  /** Loads one network; tests give networks that fail. Default: with ONNX Runtime. */
  readonly open?: typeof openNetwork;
}

/** Largest input of a detector, longest side in pixels: it limits the cost of a detector run. */
const LONGEST_DETECTOR_INPUT_PX = 1024;

/** Sizes of the SSD's input that cameras with the usual settings need: a whole picture, and the surroundings of one face. */
const SSD_SHAPES = [
  [3, 288, 512],
  [3, 192, 192],
] as const;

/** The reach of BlazeFace in quick looks, measured by `scripts/bench detection` (docs/measurements/accuracy.md). */
const QUICK_REACH = { leastInInputPx: 16 } as const;

const meshContracts = { facemesh: facemeshContract, 'face-landmarker': faceLandmarkerContract } as const;

/** The crop of each passive model, as a multiple of the detector's box. */
const PASSIVE_BOX_FACTORS = { passiveNear: 2.7, passiveFar: 4 } as const;

type NetworkKey =
  | 'detector'
  | 'lightDetector'
  | 'mesh'
  | 'eyes'
  | 'recogniser'
  | keyof typeof PASSIVE_BOX_FACTORS;

/**
 * Loads the networks with a provider that works. Throws `pack-absent` or `pack-damaged` if a model file is not in order, and
 * `provider-unavailable` if the required provider does not work.
 */
export async function openFaceAnalyser(options: FaceAnalyserOptions): Promise<FaceAnalyser> {
  const { models, logger } = options;
  const packs = await packsFor(options);
  const files: Partial<Record<NetworkKey, NetworkInUse>> = {};
  for (const [key, packId] of Object.entries(packs) as [NetworkKey, string][]) {
    const path = await models.path(packId);
    const pack = models.pack(packId);
    // The verified bytes are loaded, not the file again: its folder is not part of the program and may change.
    const own = pack.source.kind === 'own' ? { bytes: await readOwnNetwork(path, pack) } : {};
    const isSingle = key === 'recogniser' && contractOfPack(pack).isSingle;
    const usualShapes = packId === 'ssd-mobilenet-v1' ? SSD_SHAPES : [];
    files[key] = { name: packId, path, isSingle, usualShapes, ...own };
  }
  const { preparesBatches, onProviderChanged, onRun, open } = options;
  const opened = await Networks.open({
    files: files as Record<NetworkKey, NetworkInUse>,
    provider: options.provider,
    threads: options.threads,
    logger,
    clock: systemClock,
    random: systemRandom,
    signs: options.gpuSigns ?? gpuSigns(),
    ...present({ preparesBatches, onProviderChanged, onRun, open }),
  });
  logger.info('networks loaded', { ...opened.provider, threads: options.threads, packs });
  const networks = Object.fromEntries(
    (Object.keys(files) as NetworkKey[]).map((key) => [key, opened.network(key)]),
  ) as NetworksOf<Packs>;
  return new OnnxFaceAnalyser({
    provider: () => opened.provider,
    detector: detectorsOn(networks, packs, models),
    mesh: new FaceMeshNetwork(networks.mesh, meshContracts[options.landmarks ?? 'facemesh']),
    presenceThreshold: thresholdOf(models.pack(packs.mesh), 'presence'),
    eyes: networks.eyes && new EyeNetwork(networks.eyes),
    recogniser: new Recogniser(networks.recogniser, contractOfPack(models.pack(options.recogniser))),
    passivePad: passivePadOn(networks),
    close: () => opened[Symbol.asyncDispose](),
  });
}

type Packs = Readonly<Record<'detector' | 'mesh' | 'recogniser', string>> &
  Partial<Readonly<Record<'lightDetector' | 'eyes' | keyof typeof PASSIVE_BOX_FACTORS, string>>>;

/** A network for each pack, under the same key. */
type NetworksOf<Keyed> = { readonly [Key in keyof Keyed]: Network };

async function packsFor(options: FaceAnalyserOptions): Promise<Packs> {
  const { landmarks = 'facemesh' } = options;
  return {
    detector: await detectorPack(options),
    ...(detectorInUse(options) === 'in-turn' ? { lightDetector: 'blazeface-back' } : {}),
    mesh: landmarks,
    ...(landmarks === 'facemesh' ? { eyes: 'iris' } : {}),
    recogniser: options.recogniser,
    ...(options.passivePad === 'minifasnet'
      ? { passiveNear: 'minifasnet-v2', passiveFar: 'minifasnet-v1se' }
      : {}),
  };
}

async function detectorPack({ detector, models }: FaceAnalyserOptions): Promise<string> {
  if (detector === 'blazeface') return 'blazeface-back';
  if (detector !== 'yunet') return 'ssd-mobilenet-v1';
  for (const packId of ['yunet-dynamic', 'yunet-2023mar']) {
    if ((await models.status(packId)).state !== 'absent') return packId;
  }
  throw badInput('pack-absent', 'the configured detector yunet is not installed on this machine', {
    remedy:
      'Run: rollcall models fetch yunet-2023mar (or rollcall models import FILE), or set the detector to auto.',
  });
}

/**
 * The detector that is used, or two that take turns: if one misses a face because of its size and place in the picture, the other
 * finds it in the next detector run.
 */
function detectorsOn(
  networks: Readonly<Record<'detector', Network>> & Readonly<Partial<Record<NetworkKey, Network>>>,
  packs: Packs,
  models: FaceAnalyserOptions['models'],
): FaceDetector {
  const thorough = detectorOn(networks.detector, models.pack(packs.detector));
  if (networks.lightDetector === undefined || packs.lightDetector === undefined) return thorough;
  const policy = policyOf(models.pack(packs.lightDetector), 'quick-score');
  const light = new BlazefaceDetector(networks.lightDetector, policy, QUICK_REACH);
  return {
    detect: (picture, options) => (options.isQuick ? light : thorough).detect(picture, options),
  };
}

function detectorOn(network: Network, pack: ModelPack): FaceDetector {
  const policy = policyOf(pack);
  if (pack.id === 'ssd-mobilenet-v1') return new SsdDetector(network, policy);
  if (pack.id === 'blazeface-back') return new BlazefaceDetector(network, policy);
  const side = pack.input.shape[3];
  return new YunetDetector(network, policy, typeof side === 'number' ? side : undefined);
}

function policyOf(pack: ModelPack, scoreName = 'score'): DetectorPolicy {
  return {
    scoreThreshold: thresholdOf(pack, scoreName),
    overlapThreshold: thresholdOf(pack, 'overlap'),
    longestInputPx: LONGEST_DETECTOR_INPUT_PX,
  };
}

function passivePadOn(networks: Readonly<Partial<Record<NetworkKey, Network>>>): PassivePad | undefined {
  const { passiveNear, passiveFar } = networks;
  if (!passiveNear || !passiveFar) return undefined;
  return new PassivePad([
    { network: passiveNear, boxFactor: PASSIVE_BOX_FACTORS.passiveNear },
    { network: passiveFar, boxFactor: PASSIVE_BOX_FACTORS.passiveFar },
  ]);
}

function thresholdOf(pack: ModelPack, name: string): number {
  const threshold = pack.thresholds.find((candidate) => candidate.name === name);
  if (threshold) return threshold.value;
  throw defect('manifest-shape', `the manifest has no threshold ${name} for ${pack.id}`);
}
