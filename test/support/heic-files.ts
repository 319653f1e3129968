import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import sharp, { type Sharp } from 'sharp';

/** One HEVC picture: the decoder configuration of its track, and its only sample. */
interface CodedPicture {
  readonly widthPx: number;
  readonly heightPx: number;
  /** The box `hvcC`. */
  readonly configuration: Buffer;
  readonly data: Buffer;
}

const uint = (bytes: 1 | 2 | 4, ...values: readonly number[]): Buffer => {
  const written = Buffer.alloc(bytes * values.length);
  for (const [index, value] of values.entries()) written.writeUIntBE(value, index * bytes, bytes);
  return written;
};

/** A box of an ISO base media file (ISO/IEC 14496-12). */
const box = (kind: string, ...content: readonly Buffer[]): Buffer => {
  const body = Buffer.concat(content);
  return Buffer.concat([uint(4, body.length + 8), Buffer.from(kind), body]);
};
const fullBox = (kind: string, version: number, flags: number, ...content: readonly Buffer[]): Buffer =>
  box(kind, uint(4, version * 2 ** 24 + flags), ...content);

/** The boxes of this kind on the outermost level of a file, headers included. */
function boxesIn(file: Buffer, kind: string): readonly Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < file.length; at += file.readUInt32BE(at)) {
    if (file.toString('latin1', at + 4, at + 8) === kind)
      found.push(file.subarray(at, at + file.readUInt32BE(at)));
  }
  return found;
}

/** Codes pictures of one size with FFmpeg's HEVC encoder, each for itself. Their sides must be even. */
async function coded(pictures: readonly Sharp[]): Promise<readonly CodedPicture[]> {
  const raw = await Promise.all(
    pictures.map((picture) => picture.removeAlpha().raw().toBuffer({ resolveWithObject: true })),
  );
  const { width, height } = raw[0]?.info ?? { width: 0, height: 0 };
  const options = 'log-level=error:crf=12:info=0:keyint=1:pools=1:frame-threads=1:repeat-headers=0';
  const run = promisify(execFile)(
    'ffmpeg',
    [
      ...['-v', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-i', 'pipe:0'],
      ...[
        '-vf',
        'scale=out_color_matrix=bt601:out_range=pc',
        '-color_range',
        'pc',
        '-colorspace',
        'smpte170m',
      ],
      ...['-pix_fmt', 'yuv420p', '-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', options],
      ...['-movflags', 'frag_every_frame+empty_moov', '-f', 'mp4', 'pipe:1'],
    ],
    { encoding: 'buffer', maxBuffer: 2 ** 26 },
  );
  run.child.stdin?.end(Buffer.concat(raw.map(({ data }) => data)));
  const { stdout } = await run;
  // The track's box of this name is deep inside, and nothing else has the name.
  const at = stdout.indexOf('hvcC', 0, 'latin1') - 4;
  const configuration = stdout.subarray(at, at + stdout.readUInt32BE(at));
  return boxesIn(stdout, 'mdat').map((sample) => ({
    ...{ widthPx: width, heightPx: height, configuration },
    data: sample.subarray(8),
  }));
}

async function codedAlone(picture: Sharp): Promise<Item> {
  const [first = assert.fail('FFmpeg coded nothing')] = await coded([picture]);
  return codedItem(first);
}

interface Item {
  readonly kind: 'hvc1' | 'grid' | 'iovl';
  readonly data: Buffer;
  readonly properties: readonly Buffer[];
  /** The items, by their places from 1, of which it is made. */
  readonly madeOf?: readonly number[];
}

const size = (widthPx: number, heightPx: number): Buffer => fullBox('ispe', 0, 0, uint(4, widthPx, heightPx));
/** Quarter turns against the clock that bring the picture upright. */
const turn = (quarters: number): Buffer => box('irot', uint(1, quarters));

/** Writes a file of items (ISO/IEC 23008-12). The last item is the picture to show. */
export function heicFile(items: readonly Item[]): Buffer {
  const properties = items.flatMap((item) => item.properties);
  let used = 0;
  const associations = items.map(({ properties: own }, index) => {
    const places = own.map(() => (used += 1));
    return Buffer.concat([uint(2, index + 1), uint(1, places.length), uint(1, ...places)]);
  });
  const start = box('ftyp', Buffer.from('heic\0\0\0\0mif1heic', 'latin1'));
  const meta = (offset: number): Buffer => {
    let at = offset;
    const locations = items.map(({ data }, index) => {
      const location = Buffer.concat([uint(2, index + 1, 0, 1), uint(4, at, data.length)]);
      at += data.length;
      return location;
    });
    const infos = items.map(({ kind }, index) =>
      fullBox('infe', 2, 0, uint(2, index + 1, 0), Buffer.from(`${kind}\0`)),
    );
    const references = items.flatMap(({ madeOf }, index) =>
      madeOf === undefined ? [] : [box('dimg', uint(2, index + 1, madeOf.length, ...madeOf))],
    );
    return fullBox(
      'meta',
      ...[0, 0],
      fullBox('hdlr', 0, 0, Buffer.from('\0\0\0\0pict'), Buffer.alloc(13)),
      fullBox('pitm', 0, 0, uint(2, items.length)),
      fullBox('iloc', 0, 0, uint(2, 0x4400, items.length), ...locations),
      fullBox('iinf', 0, 0, uint(2, items.length), ...infos),
      ...(references.length === 0 ? [] : [fullBox('iref', 0, 0, ...references)]),
      box('iprp', box('ipco', ...properties), fullBox('ipma', 0, 0, uint(4, items.length), ...associations)),
    );
  };
  const offset = start.length + meta(0).length + 8;
  return Buffer.concat([start, meta(offset), box('mdat', ...items.map(({ data }) => data))]);
}

const codedItem = ({ widthPx, heightPx, configuration, data }: CodedPicture): Item => ({
  kind: 'hvc1',
  data,
  properties: [configuration, size(widthPx, heightPx)],
});

/** A picture as one HEIC item, stored after so many quarter turns with the clock, as a phone that is held upright does. */
export async function heicOf(picture: Sharp, quarters: 0 | 1 | 2 | 3 = 0): Promise<Buffer> {
  const item = await codedAlone(sharp(await picture.png().toBuffer()).rotate(90 * quarters));
  return heicFile([{ ...item, properties: [...item.properties, turn(quarters)] }]);
}

/** The same as tiles of `tilePx`; those at the right and bottom reach beyond the picture, as an iPhone's do. */
export async function tiledHeicOf(
  picture: Sharp,
  tilePx: number,
  quarters: 0 | 1 | 2 | 3 = 0,
): Promise<Buffer> {
  const { data, info } = await sharp(await picture.png().toBuffer())
    .rotate(90 * quarters)
    .png()
    .toBuffer({ resolveWithObject: true });
  const [columns, rows] = [Math.ceil(info.width / tilePx), Math.ceil(info.height / tilePx)];
  const whole = await sharp(data)
    .extend({
      ...{ right: columns * tilePx - info.width, bottom: rows * tilePx - info.height },
      extendWith: 'copy',
    })
    .png()
    .toBuffer();
  const places = Array.from({ length: rows * columns }, (_, index) => ({
    left: (index % columns) * tilePx,
    top: Math.floor(index / columns) * tilePx,
    width: tilePx,
    height: tilePx,
  }));
  const tiles = (await coded(places.map((place) => sharp(whole).extract(place)))).map(codedItem);
  const grid = Buffer.concat([uint(1, 0, 0, rows - 1, columns - 1), uint(2, info.width, info.height)]);
  return heicFile([
    ...tiles,
    {
      kind: 'grid',
      data: grid,
      properties: [size(info.width, info.height), turn(quarters)],
      madeOf: tiles.map((_, index) => index + 1),
    },
  ]);
}

const grey = { create: { width: 64, height: 64, channels: 3, background: '#777' } } as const;

/** One picture of a few pixels that claims another size. */
export async function heicClaiming(widthPx: number, heightPx: number): Promise<Buffer> {
  const { kind, data, properties } = await codedAlone(sharp(grey));
  return heicFile([{ kind, data, properties: [...properties.slice(0, 1), size(widthPx, heightPx)] }]);
}

/** Overlays of overlays: each of `width` on a level shows all of the level below, so the decoder has width ** levels pictures to draw. */
export async function nestedHeic(levels: number, width: number): Promise<Buffer> {
  const sidePx = grey.create.width;
  const items = [await codedAlone(sharp(grey))];
  let below = [1];
  for (let level = 1; level <= levels; level += 1) {
    const offsets = Buffer.alloc(4 * below.length);
    const data = Buffer.concat([uint(1, 0, 0), uint(2, 0, 0, 0, 0xffff, sidePx, sidePx), offsets]);
    const first = items.length + 1;
    const count = level === levels ? 1 : width;
    for (let each = 0; each < count; each += 1)
      items.push({ kind: 'iovl', data, properties: [size(sidePx, sidePx)], madeOf: below });
    below = Array.from({ length: count }, (_, each) => first + each);
  }
  return heicFile(items);
}
