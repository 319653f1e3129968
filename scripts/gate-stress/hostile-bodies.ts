const head = (...lines: readonly string[]): string =>
  [
    'POST /api/v1/auth/login HTTP/1.1',
    ...['Host: localhost', 'Content-Type: application/json', ...lines],
    ...['', ''],
  ].join('\r\n');

const sized = (body: string | Buffer): readonly (string | Buffer)[] => [
  head(`Content-Length: ${Buffer.byteLength(body)}`),
  body,
];

const mebibyte = Buffer.alloc(1024 * 1024, 'x');

/** A body without an end, in chunks. Its reader must stop it. */
function* endless(): Generator<string | Buffer> {
  yield head('Transfer-Encoding: chunked');
  for (let sent = 0; sent < 256; sent += 1) {
    yield '100000\r\n';
    yield mebibyte;
    yield '\r\n';
  }
}

function* declared(): Generator<string | Buffer> {
  yield head(`Content-Length: ${1024 * 1024 * 1024}`);
  for (let sent = 0; sent < 256; sent += 1) yield mebibyte;
}

/** Requests with bodies that no honest program sends, in the pieces in which they are sent. */
export const hostileBodies: Readonly<Record<string, () => Iterable<string | Buffer>>> = {
  endless,
  declared,
  nested: () => sized('['.repeat(60_000)),
  'nested objects': () => sized('{"a":'.repeat(12_000)),
  'many fields': () => sized(`{${Array.from({ length: 5000 }, (_, index) => `"f${index}":0`).join()}}`),
  'no JSON': () => sized('{"userName": "anna", "password": '),
  'no text': () => sized(Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])),
  'prototype key': () => sized('{"__proto__":{"userName":"anna"},"password":"x"}'),
  'broken chunk': () => [head('Transfer-Encoding: chunked'), 'zz\r\n', 'x'.repeat(100)],
  'two lengths': () => [head('Content-Length: 5', 'Content-Length: 7'), '{"a":1}'],
  'length and chunks': () => [head('Content-Length: 5', 'Transfer-Encoding: chunked'), '0\r\n\r\nGET /'],
  compressed: () => [head('Content-Encoding: gzip', 'Content-Length: 4'), Buffer.from([0x1f, 0x8b, 8, 0])],
  'parts without end': () => [
    head('Content-Type: multipart/form-data; boundary=b', 'Content-Length: 40'),
    '--b\r\nContent-Disposition: form-data; name=',
  ],
};
