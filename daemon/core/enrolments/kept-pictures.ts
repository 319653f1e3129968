import { opaqueText } from '../../host/opaque-text.js';
import { wipe } from '../../host/sodium.js';
import { type Embedding, similarityOf } from '../../kernel/identification/match.js';
import type { PictureStep } from '../../kernel/persons/enrolment-guidance.js';

/** The pictures that are kept of each step: more views of one pose do not improve recognition. */
const mostOfStep = 3;

/** A picture that the gates accepted. */
export interface OfferedPicture {
  readonly step: PictureStep;
  readonly jpeg: Buffer;
  readonly embedding: Embedding;
  /** 0 to 1. */
  readonly qualityScore: number;
  readonly takenAtMs: number;
}

export interface KeptPicture extends OfferedPicture {
  readonly id: string;
}

/** The best pictures of each step of one guided enrolment, in memory only. */
export class KeptPictures {
  #kept: readonly KeptPicture[] = [];

  /** Sorted by quality, best first. */
  get all(): readonly KeptPicture[] {
    return this.#kept;
  }

  /** Whether a face is that of the pictures so far. Without any, every face is. */
  agrees(embedding: Embedding, threshold: number): boolean {
    return (
      this.#kept.length === 0 ||
      this.#kept.some((kept) => similarityOf(kept.embedding, embedding) >= threshold)
    );
  }

  /** Keeps a picture if it is among the best of its step. */
  offer(picture: OfferedPicture): boolean {
    const added = { ...picture, jpeg: Buffer.from(picture.jpeg), id: `h-${opaqueText()}` };
    const sorted = [...this.#kept, added].sort((a, b) => b.qualityScore - a.qualityScore);
    const ofStep = sorted.filter(({ step }) => step === picture.step);
    const worst = ofStep[mostOfStep];
    this.#kept = sorted.filter((kept) => kept !== worst);
    if (worst !== undefined) forget(worst);
    return worst !== added;
  }

  find(id: string): KeptPicture | undefined {
    return this.#kept.find((kept) => kept.id === id);
  }

  /** False if there is no such picture. */
  drop(id: string): boolean {
    const dropped = this.find(id);
    if (dropped === undefined) return false;
    this.#kept = this.#kept.filter((kept) => kept !== dropped);
    forget(dropped);
    return true;
  }

  clear(): void {
    for (const kept of this.#kept) forget(kept);
    this.#kept = [];
  }
}

function forget({ jpeg, embedding }: KeptPicture): void {
  wipe(jpeg);
  embedding.fill(0);
}
