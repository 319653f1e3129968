import { badInput, defect } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import type { DetectorName, PassivePadName, RecogniserName } from '../../config/vision-schema.js';
import type { ModelPack } from '../../models/manifest.js';
import type { ModelStore } from '../../models/store.js';
import type { FaceAnalyser } from '../face-analyser.js';
import { BlazefaceDetector } from './blazeface-detector.js';
import { EyeNetwork } from './eye-network.js';
import type { DetectorPolicy, FaceDetector } from './face-detector.js';
import { FaceMeshNetwork } from './face-mesh-network.js';
import type { Network } from './network.js';
import { OnnxFaceAnalyser } from './onnx-face-analyser.js';
import { closeNetworks, openNetworks } from './open-networks.js';
import { PassivePad } from './passive-pad.js';
import { type GpuSigns, gpuSigns, type ProviderRequest } from './provider.js';
import { Recogniser } from './recogniser.js';
import { contractOf } from './recogniser-contract.js';
import { SsdDetector } from './ssd-detector.js';
import { YunetDetector } from './yunet-detector.js';

export interface FaceAnalyserOptions {
  readonly models: Pick<ModelStore, 'pack' | 'path' | 'status'>;
  readonly provider: ProviderRequest;
  /** `auto` is the embedded detector; `yunet` any form of YuNet that is installed. */
  readonly detector: DetectorName;
  readonly passivePad: PassivePadName;
  /** Threads one run of a network may use on the processor, 1 or more. */
  readonly threads: number;
  readonly logger: Logger;
  readonly recogniser: RecogniserName;
  /** What is seen of a GPU; by default this machine is looked at. */
  readonly gpuSigns?: GpuSigns;
}

/** Dearest detection that is allowed: the longest side of the picture a detector looks at, pixels. */
const LONGEST_DETECTOR_INPUT_PX = 1024;

/** Each network of the passive pair sees so many times the detector's box. */
const PASSIVE_BOX_FACTORS = { passiveNear: 2.7, passiveFar: 4 } as const;

type NetworkKey = 'detector' | 'mesh' | 'eyes' | 'recogniser' | keyof typeof PASSIVE_BOX_FACTORS;

/**
 * Loads the networks and proves the provider. Throws `pack-absent` or `pack-damaged` where a model file is not
 * in order, and `provider-unavailable` where the required provider does not work; each says what to do.
 */
export async function openFaceAnalyser(options: FaceAnalyserOptions): Promise<FaceAnalyser> {
  const { models, logger } = options;
  const packs = await packsFor(options);
  const files: Partial<Record<NetworkKey, { readonly name: string; readonly path: string }>> = {};
  for (const [key, packId] of Object.entries(packs) as [NetworkKey, string][]) {
    files[key] = { name: packId, path: await models.path(packId) };
  }
  const opened = await openNetworks({
    files: files as Record<NetworkKey, FileOf>,
    provider: options.provider,
    threads: options.threads,
    logger,
    signs: options.gpuSigns ?? gpuSigns(),
  });
  const { networks, provider } = opened;
  logger.info('networks loaded', { ...provider, threads: options.threads, packs });
  const detector = models.pack(packs.detector);
  return new OnnxFaceAnalyser({
    provider,
    detector: detectorOn(networks.detector, detector),
    mesh: new FaceMeshNetwork(networks.mesh),
    presenceThreshold: thresholdOf(models.pack(packs.mesh), 'presence'),
    eyes: new EyeNetwork(networks.eyes),
    recogniser: new Recogniser(networks.recogniser, contractOf(options.recogniser)),
    passivePad: passivePadOn(networks),
    close: () => closeNetworks(networks),
  });
}

interface FileOf {
  readonly name: string;
  readonly path: string;
}

type Packs = Readonly<Record<'detector' | 'mesh' | 'eyes' | 'recogniser', string>> &
  Partial<Readonly<Record<keyof typeof PASSIVE_BOX_FACTORS, string>>>;

async function packsFor(options: FaceAnalyserOptions): Promise<Packs> {
  return {
    detector: await detectorPack(options),
    mesh: 'facemesh',
    eyes: 'iris',
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
  throw badInput('pack-absent', 'the detector yunet is configured, but its model is not on this machine', {
    remedy:
      'Run: rollcall models fetch yunet-2023mar (or rollcall models import FILE), or set the detector to auto.',
  });
}

function detectorOn(network: Network, pack: ModelPack): FaceDetector {
  const policy: DetectorPolicy = {
    scoreThreshold: thresholdOf(pack, 'score'),
    overlapThreshold: thresholdOf(pack, 'overlap'),
    longestInputPx: LONGEST_DETECTOR_INPUT_PX,
  };
  if (pack.id === 'ssd-mobilenet-v1') return new SsdDetector(network, policy);
  if (pack.id === 'blazeface-back') return new BlazefaceDetector(network, policy);
  const side = pack.input.shape[3];
  return new YunetDetector(network, policy, typeof side === 'number' ? side : undefined);
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
  throw defect('manifest-shape', `the manifest gives no threshold ${name} for ${pack.id}`);
}
