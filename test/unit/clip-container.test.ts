import assert from 'node:assert/strict';
import { open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readDemuxer } from '../../daemon/vision/ingest/clip-container.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** Packets of MPEG-TS, `before` bytes before each. */
const packets = (count: number, before = 0): Buffer =>
  Buffer.concat(
    Array.from({ length: count }, () => {
      const packet = Buffer.alloc(before + 188, 0x20);
      packet[before] = 0x47;
      return packet;
    }),
  );
const begin = (...bytes: readonly number[]): Buffer => Buffer.concat([Buffer.from(bytes), Buffer.alloc(600)]);
const named = (text: string): Buffer => Buffer.concat([Buffer.from(text, 'latin1'), Buffer.alloc(600)]);

/** First bytes as the formats define them, and the demuxer that may read such a file. */
const heads: readonly (readonly [what: string, head: Buffer, demuxer: string | undefined])[] = [
  ['MP4', named('\0\0\0\x20ftypisom'), 'mov'],
  ['QuickTime with its index first', named('\0\0\x01\0moov'), 'mov'],
  ['QuickTime with its pictures first', named('\0\0\0\x08wide'), 'mov'],
  ['a box at another place', named('ftypisom'), undefined],
  ['Matroska', begin(0x1a, 0x45, 0xdf, 0xa3), 'matroska'],
  ['AVI', named('RIFF\x24\0\0\0AVI LIST'), 'avi'],
  ['sound in the same wrapping', named('RIFF\x24\0\0\0WAVEfmt '), undefined],
  ['MPEG-TS', packets(4), 'mpegts'],
  ['MPEG-TS of a recorder', packets(4, 4), 'mpegts'],
  ['two packets of MPEG-TS', packets(2), undefined],
  ['a text that begins with the mark of MPEG-TS', named('GGGG'), undefined],
  ['an MPEG program stream', begin(0, 0, 1, 0xba), 'mpeg'],
  ['MPEG video', begin(0, 0, 1, 0xb3), 'mpegvideo'],
  ['a JPEG picture', begin(0xff, 0xd8, 0xff, 0xe0), 'jpeg_pipe'],
  ['a PNG picture', begin(0x89, 0x50, 0x4e, 0x47), 'png_pipe'],
  ['a playlist, which could name other files', named('#EXTM3U\nfile:///etc/passwd\n'), undefined],
  ['a list of files to join', named('ffconcat version 1.0\nfile /etc/passwd\n'), undefined],
  ['an empty file', Buffer.alloc(0), undefined],
  ['a single byte', Buffer.from([0x47]), undefined],
];

for (const [what, head, demuxer] of heads) {
  test(`a clip is read as ${demuxer ?? 'nothing'} if it begins as ${what}`, async () => {
    await using directory = await temporaryDirectory();
    const path = join(directory.path, 'clip');
    await writeFile(path, head);
    await using file = await open(path);
    assert.equal(await readDemuxer(file), demuxer);
  });
}
