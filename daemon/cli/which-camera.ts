import type { CameraStatus } from '../contract/cameras.js';
import type { ControlClient } from '../core/api/client.js';
import { table } from '../kernel/text-table.js';
import { choose } from './confirm.js';

/** The cameras that a text can mean. A full id means one camera; otherwise it is the start of an id, or a name. */
export function findCameras(all: readonly CameraStatus[], given: string): readonly CameraStatus[] {
  const exact = all.find(({ id }) => id === given);
  if (exact !== undefined) return [exact];
  return all.filter(({ id, name }) => id.startsWith(given) || name.toLowerCase() === given.toLowerCase());
}

/**
 * The id that a text means in a filter. A camera that was removed may have left records, so an unknown text is no error; a note says
 * that it may be a slip.
 */
export async function whichCameraOfRecords(client: ControlClient, given: string): Promise<string> {
  const id = await whichCamera(client, given);
  const all = await client.call('cameras.list');
  if (all.every((camera) => camera.id !== id)) {
    process.stderr.write(
      `note: no camera is called "${given}" now; 'rollcall camera list' shows the cameras\n`,
    );
  }
  return id;
}

/** The id that a text means. An unknown text is returned unchanged, because the daemon explains it best. */
export async function whichCamera(client: ControlClient, given: string): Promise<string> {
  const [first, second, ...others] = findCameras(await client.call('cameras.list'), given);
  if (first === undefined) return given;
  if (second === undefined) return first.id;
  const found = [first, second, ...others] as const;
  const rows = found.map(({ id, name, state }) => [id, name, state]);
  const lines = table(['id', 'name', 'state'], rows).split('\n');
  return (await choose({ given, what: 'camera', found, lines })).id;
}
