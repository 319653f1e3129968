import type { Detection, FaceLandmarks } from '../kernel/faces/face.js';
import type { Box } from '../kernel/faces/geometry.js';
import type { Picture } from '../kernel/faces/picture.js';
import type { ViewQuality } from '../kernel/faces/quality.js';
import type { Embedding } from '../kernel/identification/match.js';
import type { FaceTexture } from '../kernel/liveness/skin-shift.kernel.js';
import type { Surroundings } from '../kernel/liveness/surroundings.kernel.js';
import type { DetectOptions, FaceAnalyser, FaceRegion } from './face-analyser.js';

/**
 * Two regions of one frame that differ by less count as equal, in widths of the face. A mesh that was fitted from a region
 * so near belongs to the same face and is as good.
 */
const NEAR_WIDTHS = 0.03;
/** The same limit for the roll of a head, degrees. */
const NEAR_ROLL_DEG = 3;

/** The results for one frame. */
interface FrameResults {
  readonly detected: { readonly options: DetectOptions; readonly answer: Promise<readonly Detection[]> }[];
  readonly located: { readonly region: FaceRegion; readonly answer: Promise<FaceLandmarks | undefined> }[];
  readonly assessed: Map<FaceLandmarks, ViewQuality>;
  readonly embedded: Map<FaceLandmarks, Promise<Embedding>>;
  readonly scored: { readonly box: Box; readonly answer: Promise<number | undefined> }[];
}

const noResults = (): FrameResults => ({
  detected: [],
  located: [],
  assessed: new Map(),
  embedded: new Map(),
  scored: [],
});

/**
 * An analyser for several pipelines that run on the same frames of a clip: it answers a repeated question about a frame from
 * its cache. The pipelines share the results and must not change them. It does not own the analyser behind it.
 */
export class CachingFaceAnalyser implements FaceAnalyser {
  readonly #analyser: FaceAnalyser;
  readonly #nearness: number;
  readonly #frames = new Map<number, FrameResults>();
  #frame = noResults();

  /** `questions`: whether only equal regions, or also nearly equal ones, share a result. */
  constructor(analyser: FaceAnalyser, questions: 'exact' | 'near') {
    this.#analyser = analyser;
    this.#nearness = questions === 'near' ? 1 : 0;
  }

  get recogniser() {
    return this.#analyser.recogniser;
  }

  get provider() {
    return this.#analyser.provider;
  }

  /** Makes the frame with this number the current one: all questions are about it. */
  show(sequence: number): void {
    const known = this.#frames.get(sequence);
    this.#frame = known ?? noResults();
    if (known === undefined) this.#frames.set(sequence, this.#frame);
  }

  forget(): void {
    this.#frames.clear();
    this.#frame = noResults();
  }

  detect(picture: Picture, options: DetectOptions): Promise<readonly Detection[]> {
    const { detected } = this.#frame;
    const known = detected.find((each) => this.#isSameRun(each.options, options));
    if (known !== undefined) return known.answer;
    const answer = this.#analyser.detect(picture, options);
    detected.push({ options, answer });
    return answer;
  }

  locate(picture: Picture, regions: readonly FaceRegion[]): Promise<readonly (FaceLandmarks | undefined)[]> {
    const { located } = this.#frame;
    const knownOf = (region: FaceRegion) => located.find((each) => this.#isNear(each.region, region))?.answer;
    const unknown = regions.filter((region) => knownOf(region) === undefined);
    if (unknown.length > 0) {
      const answers = this.#analyser.locate(picture, unknown);
      unknown.forEach((region, index) => {
        const answer = answers.then((faces) => faces[index]);
        // The caller gets a failure from the promise below.
        answer.catch(() => undefined);
        located.push({ region, answer });
      });
    }
    return Promise.all(regions.map(knownOf));
  }

  assess(picture: Picture, landmarks: FaceLandmarks, options: { smallestFacePx: number }): ViewQuality {
    const { assessed } = this.#frame;
    const quality = assessed.get(landmarks) ?? this.#analyser.assess(picture, landmarks, options);
    assessed.set(landmarks, quality);
    return quality;
  }

  texture(picture: Picture, landmarks: FaceLandmarks): FaceTexture {
    return this.#analyser.texture(picture, landmarks);
  }

  surroundings(picture: Picture, landmarks: FaceLandmarks): Surroundings {
    return this.#analyser.surroundings(picture, landmarks);
  }

  embed(picture: Picture, landmarks: FaceLandmarks): Promise<Embedding> {
    const { embedded } = this.#frame;
    const embedding = embedded.get(landmarks) ?? this.#analyser.embed(picture, landmarks);
    embedded.set(landmarks, embedding);
    return embedding;
  }

  passivePad(picture: Picture, box: Box): Promise<number | undefined> {
    const { scored } = this.#frame;
    const known = scored.find((each) => this.#isNear(each.box, box));
    if (known !== undefined) return known.answer;
    const answer = this.#analyser.passivePad(picture, box);
    scored.push({ box, answer });
    return answer;
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.forget();
    return Promise.resolve();
  }

  #isSameRun(a: DetectOptions, b: DetectOptions): boolean {
    if (a.smallestFacePx !== b.smallestFacePx || (a.isQuick ?? false) !== (b.isQuick ?? false)) return false;
    return this.#areNear(a.around && [a.around], b.around && [b.around]) && this.#areNear(a.parts, b.parts);
  }

  #areNear(a: readonly Box[] | undefined, b: readonly Box[] | undefined): boolean {
    if (a === undefined || b === undefined) return a === b;
    return a.length === b.length && a.every((box, index) => this.#isNear(box, b[index] ?? box));
  }

  #isNear(a: FaceRegion, b: FaceRegion): boolean {
    const limitPx = this.#nearness * NEAR_WIDTHS * Math.min(a.width, b.width);
    return (
      Math.abs(a.x - b.x) <= limitPx &&
      Math.abs(a.y - b.y) <= limitPx &&
      Math.abs(a.width - b.width) <= limitPx &&
      Math.abs(a.height - b.height) <= limitPx &&
      Math.abs((a.rollDeg ?? 0) - (b.rollDeg ?? 0)) <= this.#nearness * NEAR_ROLL_DEG
    );
  }
}
