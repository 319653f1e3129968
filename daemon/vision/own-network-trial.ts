import type { OwnNetworkOutcome, OwnTrialOutcome } from '../contract/vision/vision-answers.js';
import { encodeEmbedding } from '../contract/vision/vision-sighting.js';
import { readRecogniserInterface } from '../host/models/onnx-interface.js';
import { readOwnNetwork } from '../host/models/own-recogniser.js';
import { badInput, isRollcallError, messageOf } from '../kernel/errors.js';
import type { FaceAnalyser } from './face-analyser.js';
import { type LoadedNetwork, openNetwork } from './inference/network.js';
import { describedInterface, preparations } from './inference/preparation.js';
import { Recogniser } from './inference/recogniser.js';
import { ownContract } from './inference/recogniser-contract.js';
import { findSampleFace } from './photo-sample.js';

/** A network of the owner that is to be added, with one recogniser for each way of preparing its input. */
export class OwnNetworkTrial implements AsyncDisposable {
  readonly #analyser: FaceAnalyser;
  #network: LoadedNetwork | undefined;
  #recognisers: readonly Recogniser[] = [];
  #dimensions = 0;

  /** `analyser` finds the faces. */
  constructor(analyser: FaceAnalyser) {
    this.#analyser = analyser;
  }

  /** Reads and loads the network at `path`, once in the life of the process. */
  async open({
    path,
    sha256,
  }: {
    readonly path: string;
    readonly sha256: string;
  }): Promise<OwnNetworkOutcome> {
    try {
      const bytes = await readOwnNetwork(path, { id: 'the network', sha256 });
      const found = readRecogniserInterface(bytes);
      const network = await load(path, bytes);
      this.#network = network;
      this.#dimensions = found.output.dimensions;
      this.#recognisers = preparations.map(
        (preparation) =>
          new Recogniser(
            network,
            ownContract({ id: 'own', sha256, thresholds: [], ...describedInterface(found, preparation) }),
          ),
      );
      return { outcome: 'ok', ...found };
    } catch (error) {
      if (!isRollcallError(error) || error.kind === 'defect') throw error;
      const { code, message, remedy = '' } = error;
      return { outcome: 'refused', code, message, remedy };
    }
  }

  /** Embeds the face of a photograph that enrolment would accept, prepared in each of the ways with these numbers. */
  async embed(photograph: Uint8Array, ways: readonly number[]): Promise<OwnTrialOutcome> {
    const { found, refusal } = await findSampleFace(photograph, this.#analyser);
    if (found === undefined || refusal !== undefined)
      return { refusal: refusal ?? 'no face', embeddings: [] };
    const embeddings: (string | null)[] = [];
    for (const way of ways) {
      const embedding = await this.#recognisers[way]?.embed(found.picture, found.face);
      const isUsable =
        embedding?.length === this.#dimensions && embedding.every((value) => Number.isFinite(value));
      embeddings.push(isUsable && embedding ? encodeEmbedding(embedding) : null);
    }
    return { refusal: null, embeddings };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#network?.[Symbol.asyncDispose]();
  }
}

async function load(path: string, bytes: Uint8Array): Promise<LoadedNetwork> {
  try {
    return await openNetwork({ name: 'to be added', path, bytes, provider: 'cpu', threads: 1 });
  } catch (error) {
    throw badInput('own-network-unfit', `ONNX Runtime cannot load the network: ${messageOf(error)}`, {
      remedy: 'Export the network with an operator set that ONNX Runtime supports.',
      cause: error,
    });
  }
}
