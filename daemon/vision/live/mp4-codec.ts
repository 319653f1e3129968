import { boxBelow, boxHeaderBytes, typeOf } from './mp4-boxes.js';

/** Bytes of a sample entry for video before the boxes in it, without its header. */
const entryBytes = 78;
/** Bytes of a table before its first entry: header, version and number of entries. */
const tableBytes = 16;

/** The media type of a `moov` with one video, as browsers take it; undefined where it is neither H.264 nor H.265. */
export function mediaTypeOf(moov: Buffer): string | undefined {
  const entry = boxBelow(moov, 'trak', 'mdia', 'minf', 'stbl', 'stsd')?.subarray(tableBytes);
  if (entry === undefined || entry.length < boxHeaderBytes + entryBytes) return undefined;
  const configOf = (type: string): Buffer | undefined =>
    boxBelow(entry.subarray(entryBytes), type)?.subarray(boxHeaderBytes);
  switch (typeOf(entry)) {
    case 'avc1':
      return typeText(h264(configOf('avcC')));
    case 'hvc1':
      return typeText(h265(configOf('hvcC')));
    default:
      return undefined;
  }
}

const typeText = (codec: string | undefined): string | undefined =>
  codec === undefined ? undefined : `video/mp4; codecs="${codec}"`;

const hex = (byte: number): string => byte.toString(16).padStart(2, '0').toUpperCase();

/** RFC 6381, section 3.3: profile, constraints and level. */
function h264(config: Buffer | undefined): string | undefined {
  if (config === undefined || config.length < 4) return undefined;
  return `avc1.${[...config.subarray(1, 4)].map(hex).join('')}`;
}

/** ISO/IEC 14496-15, annex E: profile, what it is compatible with in reversed bits, tier and level, constraints. */
function h265(config: Buffer | undefined): string | undefined {
  if (config === undefined || config.length < 13) return undefined;
  const general = config.readUInt8(1);
  const space = ['', 'A', 'B', 'C'][general >> 6] ?? '';
  const bits = config.readUInt32BE(2).toString(2).padStart(32, '0');
  const compatible = Number.parseInt([...bits].reverse().join(''), 2)
    .toString(16)
    .toUpperCase();
  const tier = (general & 0x20) === 0 ? 'L' : 'H';
  const constraints = [...config.subarray(6, 12)];
  while (constraints.at(-1) === 0) constraints.pop();
  const profile = `${space}${general & 0x1f}.${compatible}.${tier}${config.readUInt8(12)}`;
  return ['hvc1', profile, ...constraints.map(hex)].join('.');
}
