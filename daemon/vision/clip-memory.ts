import type { Detection, FaceLandmarks } from '../domain/faces/face.js';
import type { Box } from '../domain/faces/geometry.js';
import type { Picture } from '../domain/faces/picture.js';
import type { ViewQuality } from '../domain/faces/quality.js';
import type { Embedding } from '../domain/identification/match.js';
import type { DetectOptions, FaceAnalyser, FaceRegion } from './face-analyser.js';

/**
 * Two questions about one frame that differ by less are the same one, in widths of the face. The mesh that was fitted from a region
 * beside is a mesh of the same face in the same picture: another look, and as good a one.
 */
const NEAR_WIDTHS = 0.03;
/** The same for the roll of a head, degrees. */
const NEAR_ROLL_DEG = 3;

/** What was answered about one frame. */
interface FrameMemory {
  readonly detected: { readonly options: DetectOptions; readonly answer: Promise<readonly Detection[]> }[];
  readonly located: { readonly region: FaceRegion; readonly answer: Promise<FaceLandmarks | undefined> }[];
  readonly assessed: Map<FaceLandmarks, ViewQuality>;
  readonly embedded: Map<FaceLandmarks, Promise<Embedding>>;
  readonly scored: { readonly box: Box; readonly answer: Promise<number | undefined> }[];
}

const nothing = (): FrameMemory => ({
  detected: [],
  located: [],
  assessed: new Map(),
  embedded: new Map(),
  scored: [],
});

/**
 * An analyser for several stages that look at the frames of one clip: what it has answered about a frame it answers from memory. Its
 * answers are shared: the stages only read them. It does not own the analyser behind it.
 */
export class ClipMemory implements FaceAnalyser {
  readonly #analyser: FaceAnalyser;
  readonly #nearness: number;
  readonly #frames = new Map<number, FrameMemory>();
  #frame = nothing();

  /** `questions`: which ones count as the same, those that are alike in every digit or also those that nearly are. */
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

  /** What is asked from now on is about the frame with this number. */
  show(sequence: number): void {
    const known = this.#frames.get(sequence);
    this.#frame = known ?? nothing();
    if (known === undefined) this.#frames.set(sequence, this.#frame);
  }

  forget(): void {
    this.#frames.clear();
    this.#frame = nothing();
  }

  detect(picture: Picture, options: DetectOptions): Promise<readonly Detection[]> {
    const { detected } = this.#frame;
    const known = detected.find((each) => this.#isSameLook(each.options, options));
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
        // Whoever asked hears of a failure from the promise below.
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

  #isSameLook(a: DetectOptions, b: DetectOptions): boolean {
    if (a.smallestFacePx !== b.smallestFacePx || (a.isQuick ?? false) !== (b.isQuick ?? false)) return false;
    if (a.around === undefined || b.around === undefined) return a.around === b.around;
    return this.#isNear(a.around, b.around);
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
