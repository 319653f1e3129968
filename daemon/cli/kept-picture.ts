import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { createPrivateFile } from '../host/private-file.js';
import { badInput } from '../kernel/errors.js';

/** The option of commands that can give a picture. */
export const pictureOption = [
  '--picture [file]',
  'save the picture (JPEG) as a new file that only you can read; without a name, in a temporary folder',
] as const;

export interface PictureOptions {
  readonly json?: boolean;
  /** `true`: as a temporary file. */
  readonly picture?: string | true;
}

/** Saves a picture, if the options ask for it, and says where. `name`: see `saveTemporarily`. */
export async function givePicture(
  { picture, json: isJson = false }: PictureOptions,
  read: () => Promise<Buffer>,
  name: string,
): Promise<void> {
  if (picture === undefined) return;
  if (picture === true) {
    await saveTemporarily(await read(), name);
    return;
  }
  await using file = await createPrivateFile(picture);
  const jpeg = await read();
  await file.keep(jpeg);
  if (!isJson) process.stdout.write(`picture: ${picture}, ${jpeg.length} bytes\n`);
}

/** @throws `picture-needs-file` */
export function checkPictureOptions({ picture, json }: PictureOptions): void {
  if (picture !== true || json !== true) return;
  throw badInput('picture-needs-file', 'with --json a picture needs the name of a file', {
    remedy: 'Give one: --picture FILE.',
  });
}

/**
 * Writes a picture to a new file that only the user may read, and prints its path. Files in the folder of the login session lie in
 * memory, and vanish when the user logs out.
 * @param name - name of the file, without folder and ending; must be safe in a path
 */
export async function saveTemporarily(jpeg: Uint8Array, name: string): Promise<void> {
  const ofSession = process.env['XDG_RUNTIME_DIR'] ?? '';
  const make = (parent: string): Promise<string> => mkdtemp(join(parent, 'rollcall-'));
  // A user who became another one may have the folder of the former, or one that is gone.
  const folder = isAbsolute(ofSession)
    ? await make(ofSession).catch(() => make(tmpdir()))
    : await make(tmpdir());
  const path = join(folder, `${name}.jpg`);
  await using file = await createPrivateFile(path);
  await file.keep(jpeg);
  process.stdout.write(`picture: ${path}; delete it after use\n`);
}
