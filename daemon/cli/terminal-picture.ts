import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { createPrivateFile } from '../host/private-file.js';
import { systemClock } from '../host/system-clock.js';
import { operational } from '../kernel/errors.js';
import {
  isForegroundJob,
  type PictureProtocol,
  type PictureTerminal,
  pictureProtocol,
} from './picture-protocol.js';
import { encodeSixel } from './sixel.kernel.js';

/** Size of a character cell at least, pixels: a picture of as many cells fits every terminal. */
const cellPx = { width: 8, height: 16 };
/** Largest size of a shown picture, pixels. */
const largestPx = { width: 800, height: 600 };
/** Lines that stay free for the prompt and for text above the picture. */
const freeLines = 4;
/** No camera takes larger pictures. */
const mostPixels = 64e6;
/** Bytes of base64 in one message to kitty. */
const kittyChunk = 4096;

// A picture that a camera made must not reach the decoders of other formats. PNG is what this program makes itself.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({ operation: ['VipsForeignLoadJpegBuffer', 'VipsForeignLoadPngBuffer'] });

const ownTerminal: PictureTerminal = {
  stdout: process.stdout,
  stdin: process.stdin,
  environment: process.env,
  clock: systemClock,
  isInForeground: isForegroundJob,
};

/**
 * Shows a JPEG on the terminal (kitty, iTerm2, sixel). Where that is not possible, writes it to a new file that only the user may
 * read, and prints its path.
 * @param name - name of such a file, without folder and ending; must be safe in a path
 * @throws `picture-unreadable` if the picture does not decode
 */
export async function showPicture(
  jpeg: Uint8Array,
  name: string,
  terminal: PictureTerminal = ownTerminal,
): Promise<void> {
  const { stdout } = terminal;
  const protocol = await pictureProtocol(terminal);
  if (protocol === undefined) {
    stdout.write(
      `picture: ${await saveTemporarily(jpeg, name, terminal.environment)}; delete it after use\n`,
    );
    return;
  }
  try {
    // As bytes, because the output takes control characters from nothing else.
    stdout.write(Buffer.from(`${await encoders[protocol](await fitted(jpeg, terminal))}\n`));
  } catch (error) {
    throw operational('picture-unreadable', 'the picture cannot be shown, because it does not decode', {
      remedy: 'save it to a file, and open it with another program',
      cause: error,
    });
  }
}

/** Files in the folder of the login session lie in memory, and vanish when the user logs out. */
async function saveTemporarily(
  jpeg: Uint8Array,
  name: string,
  environment: PictureTerminal['environment'],
): Promise<string> {
  const ofSession = environment['XDG_RUNTIME_DIR'] ?? '';
  const make = (parent: string): Promise<string> => mkdtemp(join(parent, 'rollcall-'));
  // A user who became another one may have the folder of the former, or one that is gone.
  const folder = isAbsolute(ofSession)
    ? await make(ofSession).catch(() => make(tmpdir()))
    : await make(tmpdir());
  const path = join(folder, `${name}.jpg`);
  await using file = await createPrivateFile(path);
  await file.write(jpeg);
  await file.keep();
  return path;
}

/** The picture, not larger than the terminal. It is decoded here, so that the terminal gets nothing that a camera made. */
async function fitted(jpeg: Uint8Array, { stdout }: PictureTerminal): Promise<Sharp> {
  const { columns = 80, rows = 24 } = stdout;
  const width = Math.min(largestPx.width, columns * cellPx.width);
  const height = Math.min(largestPx.height, Math.max(1, rows - freeLines) * cellPx.height);
  const { data, info } = await sharp(jpeg, { limitInputPixels: mostPixels })
    .resize({ width, height, fit: 'inside', withoutEnlargement: true })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  return sharp(data, { raw: { width: info.width, height: info.height, channels: 3 } });
}

const encoders: Readonly<Record<PictureProtocol, (picture: Sharp) => Promise<string>>> = {
  async kitty(picture) {
    const text = (await picture.png().toBuffer()).toString('base64');
    const chunks: string[] = [];
    for (let from = 0; from < text.length; from += kittyChunk) {
      const hasMore = from + kittyChunk < text.length ? 1 : 0;
      // Show a PNG at once, and answer nothing (q=2): an answer would appear as typed.
      const control = from === 0 ? `a=T,f=100,q=2,m=${hasMore}` : `m=${hasMore}`;
      chunks.push(`\x1b_G${control};${text.slice(from, from + kittyChunk)}\x1b\\`);
    }
    return chunks.join('');
  },
  async iterm2(picture) {
    const png = await picture.png().toBuffer();
    return `\x1b]1337;File=inline=1;size=${png.length}:${png.toString('base64')}\x07`;
  },
  async sixel(picture) {
    const reduced = await picture.png({ palette: true, colours: 256 }).toBuffer();
    const { data, info } = await sharp(reduced)
      .removeAlpha()
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true });
    return encodeSixel(data, info.width, info.height);
  },
};
