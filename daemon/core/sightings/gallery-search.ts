import type { SearchedProbe } from '../../kernel/identification/identify-track.js';
import type { Candidate, Embedding } from '../../kernel/identification/match.js';
import type { RecogniserId } from '../../kernel/ids.js';
import type { Sighting } from '../../kernel/tracks/sighting.js';

/**
 * Searches the gallery for the persons most similar to an embedding: one entry per person, at most `count`. Rejects if the
 * gallery was made with another recogniser.
 */
export type SearchGallery = (
  embedding: Embedding,
  options: { readonly count: number; readonly recogniser: RecogniserId },
) => Promise<readonly Candidate[]>;

/** Enough to include the second-best person of every probe; `identifyTrack` handles persons beyond. */
const nearestPersons = 5;

/** Searches for each probe of a sighting. */
export function searchedProbes(
  { probes, recogniser }: Sighting,
  search: SearchGallery,
): Promise<SearchedProbe[]> {
  return Promise.all(
    probes.map(async ({ capturedAtMs, quality, embedding }) => {
      const candidates = await search(embedding, { count: nearestPersons, recogniser });
      return { capturedAtMs, quality, candidates };
    }),
  );
}
