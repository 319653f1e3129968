import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { installedLanguages } from '../../daemon/host/installed-languages.js';
import { explainUnusable } from '../../daemon/vision/picture-kinds.js';
import { inLanguage } from '../../daemon/words/language.js';

/** A file that begins with these bytes, in Latin 1. */
const begins = (start: string): Uint8Array => Buffer.concat([Buffer.from(start, 'latin1'), Buffer.alloc(40)]);

/** The box `ftyp` with which an ISO base media file begins. */
const media = (...brands: readonly string[]): Uint8Array => {
  const [major = '', ...compatible] = brands;
  const sizes = Buffer.alloc(4);
  sizes.writeUInt32BE(16 + 4 * compatible.length);
  return Buffer.concat([sizes, Buffer.from(`ftyp${major}\0\0\0\0${compatible.join('')}`), Buffer.alloc(40)]);
};

const damaged = /but it is damaged or incomplete$/;

describe('a file that cannot be decoded is explained:', () => {
  for (const [what, file, reason, remedy] of [
    ['empty', new Uint8Array(), /^the file is empty \(0 bytes\)$/, /Copy the photo again/],
    ['a JPEG', begins('\xff\xd8\xff\xe0'), /a JPEG picture, but it is damaged/, /whole file/],
    ['a PNG', begins('\x89PNG\r\n'), damaged, /whole file/],
    ['a GIF', begins('GIF89a'), damaged, /whole file/],
    ['a WebP', begins('RIFF\x10\0\0\0WEBPVP8 '), damaged, /whole file/],
    ['a TIFF', begins('II*\0'), damaged, /whole file/],
    ['an AVIF', media('avif', 'mif1', 'miaf'), /an AVIF picture, but it is damaged/, /whole file/],
    [
      'an AVIF by a compatible brand',
      media('mif1', 'avif'),
      /an AVIF picture, but it is damaged/,
      /whole file/,
    ],
    ['a HEIC', media('heic', 'mif1', 'heic'), /a HEIC picture, but it is damaged/, /whole file/],
    [
      'a HEIC by a compatible brand',
      media('mif1', 'heix'),
      /a HEIC picture, but it is damaged/,
      /whole file/,
    ],
    ['a video', media('isom', 'iso2', 'mp41'), /^the file is a video, not a photo$/, /JPEG, PNG/],
    ['a PDF', begins('%PDF-1.7'), /^the file is a PDF document, not a photo$/, /JPEG, PNG/],
    [
      'a BMP',
      begins('BM\x36\0'),
      /^the file is a BMP picture, and rollcall cannot read that format$/,
      /JPEG, PNG/,
    ],
    [
      'a letter',
      Buffer.from('Dear Sir or Madam,\r\n\tgrüß Gott\n'),
      /^the file is a text file, not a photo$/,
      /JPEG, PNG/,
    ],
    ['noise', Uint8Array.of(0x9c, 0x01, 0xfe, 0x00, 0x17), /not a picture in a known format/, /JPEG, PNG/],
  ] as const) {
    test(what, () => {
      const explained = explainUnusable(file, 'unsupported image format');
      assert.match(explained.reason, reason);
      assert.match(explained.remedy, remedy);
      for (const tag of ['de', 'fr']) {
        const { reason: own, remedy: ownRemedy } = inLanguage(explained, installedLanguages().firstOf([tag]));
        assert.notEqual(own, explained.reason, tag);
        assert.notEqual(ownRemedy, explained.remedy, tag);
      }
    });
  }

  test('too many pixels', () => {
    const { reason, remedy } = explainUnusable(begins('\x89PNG'), 'Input image exceeds pixel limit');
    assert.equal(reason, 'the picture has more than 64 megapixels');
    assert.match(remedy, /smaller/);
  });
});

test('whatever the bytes, there is a reason and a remedy, and the words of the decoder are not in them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const { reason, remedy } = explainUnusable(bytes, 'VipsJpeg: premature end');
      assert.ok(reason.length > 10 && remedy.length > 10);
      assert.doesNotMatch(reason + remedy, /Vips/);
    }),
  );
});
