import { placeOf } from '../building/place-of.js';
import type { Words } from '../building/word-plan.js';

/** Finds the text of a message, by its number or by its name. */
export type Found = (file: string, key: string) => string | undefined;

/** Reads words as building/word-plan.ts writes them. */
export function readWords(parts: readonly Words[]): Found {
  const numbered = parts.flatMap(([texts]) => texts.split('|'));
  const named = new Map(parts.flatMap(placed));
  const seed = parts[0]?.[3] ?? 0;
  // What the build has numbered is a number here.
  return (file, key) => numbered[Number(key)] ?? named.get(placeOf(`${file}.${key}`, seed));
}

/** The texts that are found by name, each with its place. */
function placed([, texts, places]: Words): readonly (readonly [number, string])[] {
  let place = 0;
  const distances = places.match(/.{5}/g) ?? [];
  return texts.split('|').map((text, index) => {
    place += Number.parseInt(distances[index] ?? '', 36);
    return [place, text] as const;
  });
}
