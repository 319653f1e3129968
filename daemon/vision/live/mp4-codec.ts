import { boxBelow } from './mp4-boxes.js';

/** Bytes of a sample entry for video before the boxes in it, without its own header. */
const entryBytes = 78;
const hex = (byte: number): string => byte.toString(16).padStart(2, '0').toUpperCase();

/** The media type of a `moov` with one video, as browsers take it; undefined where it is neither H.264 nor H.265. */
export function mediaTypeOf(moov: Buffer): string | undefined {
  const table = boxBelow(moov, 'trak', 'mdia', 'minf', 'stbl', 'stsd');
  // The table begins with its version and the number of entries; the entry with its header.
  const entry = table?.subarray(16);
  if (entry === undefined || entry.length < 8 + entryBytes) return undefined;
  const type = entry.toString('latin1', 4, 8);
  const config = boxBelow(entry.subarray(entryBytes), type === 'avc1' ? 'avcC' : 'hvcC')?.subarray(8);
  const codec =
    config === undefined
      ? undefined
      : type === 'avc1'
        ? h264(config)
        : /^h[ev][vc]1$/.test(type)
          ? h265(type, config)
          : undefined;
  return codec === undefined ? undefined : `video/mp4; codecs="${codec}"`;
}

/** RFC 6381, section 3.3: profile, constraints and level. */
function h264(config: Buffer): string | undefined {
  return config.length < 4 ? undefined : `avc1.${[...config.subarray(1, 4)].map(hex).join('')}`;
}

/** ISO/IEC 14496-15, annex E: profile, what it is compatible with in reversed bits, tier and level, constraints. */
function h265(type: string, config: Buffer): string | undefined {
  if (config.length < 13) return undefined;
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
  return [type, profile, ...constraints.map(hex)].join('.');
}
