import type { Probe } from '../../kernel/identification/match.js';

/** Number of best views kept of each track. */
const keptViews = 5;

/** Some views of one face. Their creator overwrites them with `wipeViews`. */
export type FaceViews = readonly Probe[];

export const noViews: FaceViews = [];

/** Copies the best of `views`, at most `keptViews`. */
export function copyBestViews(views: FaceViews): FaceViews {
  return [...views]
    .sort((a, b) => b.quality - a.quality || a.capturedAtMs - b.capturedAtMs)
    .slice(0, keptViews)
    .map((view) => ({ ...view, embedding: view.embedding.slice() }));
}

/** Overwrites the embeddings with zeros. */
export function wipeViews(views: FaceViews): void {
  for (const { embedding } of views) embedding.fill(0);
}
