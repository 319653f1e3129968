import { createPrivateFile } from '../host/private-file.js';
import { badInput } from '../kernel/errors.js';

/** The option of commands that can give a picture. */
export const pictureOption = [
  '--picture [file]',
  'save the picture (JPEG) as a new file that only you can read; without a file, show it on the terminal',
] as const;

export interface PictureOptions {
  readonly json?: boolean;
  /** `true`: on the terminal. */
  readonly picture?: string | true;
}

/** Saves or shows a picture, if the options ask for it. `name`: see `showPicture`. */
export async function givePicture(
  { picture, json: isJson = false }: PictureOptions,
  read: () => Promise<Buffer>,
  name: string,
): Promise<void> {
  if (picture === undefined) return;
  if (picture === true) {
    // Most commands need no image library, which takes long to load.
    const { showPicture } = await import('./terminal-picture.js');
    await showPicture(await read(), name);
    return;
  }
  await using file = await createPrivateFile(picture);
  const jpeg = await read();
  await file.write(jpeg);
  await file.keep();
  if (!isJson) process.stdout.write(`picture: ${picture}, ${jpeg.length} bytes\n`);
}

/** @throws `picture-needs-file` */
export function checkPictureOptions({ picture, json }: PictureOptions): void {
  if (picture !== true || json !== true) return;
  throw badInput('picture-needs-file', 'with --json a picture cannot be shown on the terminal', {
    remedy: 'give a file: --picture FILE',
  });
}
