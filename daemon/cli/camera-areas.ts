import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { badInput, messageOf } from '../kernel/errors.js';
import { mostAreas } from '../kernel/zones/zone.js';

/**
 * Reads the zones or the masks of a camera from a JSON file. Null for `false`, with which they are removed.
 * @throws `areas-unreadable`
 */
export async function areasIn<Area extends z.ZodType>(
  path: string | false | undefined,
  what: 'zones' | 'masks',
  area: Area,
): Promise<z.output<Area>[] | null | undefined> {
  if (path === undefined) return undefined;
  if (path === false) return null;
  const given = path === '-' ? 'standard input' : path;
  const unreadable = (reason: string, cause?: unknown) =>
    badInput('areas-unreadable', `cannot use the ${what} in ${given}: ${reason}`, {
      remedy: 'Give a JSON list; see docs/how-to/mask-parts-of-a-picture.md.',
      cause,
    });
  const read = async (): Promise<unknown> =>
    JSON.parse(await (path === '-' ? text(process.stdin) : readFile(path, 'utf8')));
  const content = await read().catch((error: unknown) => {
    throw unreadable(messageOf(error), error);
  });
  const parsed = z.array(area).max(mostAreas).safeParse(content);
  if (!parsed.success) throw unreadable(z.prettifyError(parsed.error));
  return parsed.data;
}
