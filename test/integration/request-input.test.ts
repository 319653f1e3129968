import assert from 'node:assert/strict';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { type OperationDeclaration, operation } from '../../daemon/contract/operation.js';
import { multipartForm, readParts } from '../../daemon/core/api/multipart.js';
import { writeInput } from '../../daemon/core/api/written-input.js';
import { requestBytes, startInputServer } from '../support/input-server.js';

const listing = operation({
  method: 'GET',
  path: '/things/{id}',
  summary: 'List things.',
  input: z.strictObject({
    id: z.string().min(1).max(20),
    limit: z.int().min(1).max(10).default(5),
    ratio: z.number().optional(),
    isOpen: z.boolean().optional(),
    state: z.array(z.enum(['a', 'b'])).optional(),
    since: z.union([z.int(), z.literal('start')]).optional(),
    note: z.string().max(20).optional(),
  }),
  answer: { kind: 'json', schema: z.unknown() },
  errors: [],
  scope: 'public',
  rate: 'default',
});

const changing = operation({
  method: 'POST',
  path: '/things/{id}/changes',
  summary: 'Change a thing.',
  input: z.strictObject({
    id: z.string().max(20),
    note: z.string().max(100).optional(),
    tree: z.json().optional(),
  }),
  documentBytes: 2000,
  answer: { kind: 'json', schema: z.unknown() },
  errors: [],
  scope: 'public',
  rate: 'default',
});

const plain = operation({
  method: 'POST',
  path: '/things/{id}/starts',
  summary: 'Start a thing.',
  input: z.strictObject({ id: z.string().max(20) }),
  answer: { kind: 'json', schema: z.unknown() },
  errors: [],
  scope: 'public',
  rate: 'default',
});

const uploading = operation({
  method: 'POST',
  path: '/things/{id}/uploads',
  summary: 'Upload files with a secret.',
  input: z.strictObject({ id: z.string().max(20), note: z.string().max(100).optional() }),
  documentBytes: 1000,
  files: { photographs: { minimum: 1, maximum: 3, maximumBytes: 5000, description: 'Photographs.' } },
  secrets: { passphrase: { isRequired: true, maximumBytes: 64, description: 'The passphrase.' } },
  answer: { kind: 'json', schema: z.unknown() },
  errors: [],
  scope: 'public',
  rate: 'default',
});

const boundary = 'frontier';
const formType = `multipart/form-data; boundary=${boundary}`;
const formLine = 'POST /things/7/uploads';

/** One part as bytes. */
function part(name: string, content: string, more = ''): string {
  return `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n${more}\r\n${content}\r\n`;
}
const lastLine = `--${boundary}--\r\n`;
const goodParts = part('photographs', 'picture') + part('passphrase', 'open sesame');

/** A copy of a Buffer by structuredClone is no Buffer. */
const plainBytes = (content: string): Uint8Array => new Uint8Array(Buffer.from(content));

async function refusal(
  declaration: OperationDeclaration,
  line: string,
  contentType: string | undefined,
  body: string | Uint8Array,
  options: { readonly end?: boolean } = {},
): Promise<string> {
  await using server = await startInputServer(declaration);
  const { code, message } = await server.outcome(requestBytes(line, contentType, body), options);
  return `${code}: ${message}`;
}

describe('fields of the path and the query', () => {
  const read = async (url: string): Promise<unknown> => {
    await using server = await startInputServer(listing);
    const { input, message } = await server.outcome([`GET ${url} HTTP/1.1\r\nHost: box\r\n\r\n`]);
    return input ?? message;
  };

  test('have the types of the contract', async () => {
    assert.deepEqual(
      await read('/things/caf%C3%A9?limit=7&ratio=0.25&isOpen=true&state=a&state=b&since=12&note=5'),
      { id: 'café', limit: 7, ratio: 0.25, isOpen: true, state: ['a', 'b'], since: 12, note: '5' },
    );
    assert.deepEqual(await read('/things/7?since=start'), { id: '7', limit: 5, since: 'start' });
    assert.deepEqual(await read('/things/7?state=b'), { id: '7', limit: 5, state: ['b'] });
  });

  test('are refused when they are unknown, repeated or of another type', async () => {
    assert.match(
      String(await read('/things/7?color=red')),
      /query has a field that the operation does not know/,
    );
    assert.match(String(await read('/things/7?id=8')), /does not know/);
    assert.match(String(await read('/things/7?__proto__=8')), /does not know/);
    assert.match(String(await read('/things/7?limit=1&limit=2')), /the field "limit" more than once/);
    for (const text of ['ten', '0x7', '1e1', '', ' 7', '7.5', '99', 'NaN']) {
      assert.match(String(await read(`/things/7?limit=${encodeURIComponent(text)}`)), /limit/, text);
    }
    assert.match(String(await read('/things/7?isOpen=1')), /isOpen/);
    assert.match(String(await read('/things/7?state=c')), /state/);
  });

  test('stand beside no body', async () => {
    const said = await refusal(listing, 'GET /things/7', 'application/json', '{}');
    assert.match(said, /bad-request: .*takes no body/);
    assert.match(await refusal(plain, 'POST /things/7/starts', 'application/json', '{}'), /takes no body/);
    assert.match(await refusal(plain, 'POST /things/7/starts?note=1', undefined, ''), /does not know/);
  });
});

describe('a JSON document', () => {
  const line = 'POST /things/7/changes';
  const json = 'application/json; charset=utf-8';
  const refused = (body: string | Uint8Array, type: string | undefined = json): Promise<string> =>
    refusal(changing, line, type, body);

  test('is read with the field of the path; an empty body has no fields', async () => {
    await using server = await startInputServer(changing);
    assert.deepEqual(await server.outcome(requestBytes(line, json, '{"note":"é"}')), {
      input: { id: '7', note: 'é' },
    });
    assert.deepEqual(await server.outcome(requestBytes(line, undefined, '')), { input: { id: '7' } });
  });

  test('needs its content type', async () => {
    for (const type of [
      undefined,
      'text/plain',
      'application/jsonp',
      'application/x-www-form-urlencoded',
      formType,
    ]) {
      assert.match(await refusal(changing, line, type, '{}'), /^unsupported-media-type: .*application\/json/);
    }
    await using server = await startInputServer(changing);
    const head = `${line} HTTP/1.1\r\nHost: box\r\nContent-Type: ${json}\r\nContent-Encoding: gzip\r\n`;
    const { code } = await server.outcome([`${head}Content-Length: 2\r\n\r\n{}`]);
    assert.equal(code, 'unsupported-media-type');
  });

  test('is refused with a reason when it cannot be used', async () => {
    assert.match(await refused('{"note":'), /bad-request: .*is not JSON/);
    assert.match(await refused('[]'), /not a JSON object/);
    assert.match(await refused('null'), /not a JSON object/);
    assert.match(await refused(Buffer.from([0x22, 0xff, 0x22])), /not in UTF-8/);
    assert.match(await refused('{"__proto__":{"isAdmin":true}}'), /__proto__/);
    assert.match(await refused('{"tree":[{"\\u005f_proto__":1}]}'), /__proto__/);
    assert.match(await refused('{"id":"8"}'), /belongs to the path/);
    assert.match(await refused('{"color":"red"}'), /color/);
    assert.match(await refused('{"note":7}'), /note/);
  });

  test('may nest 32 levels; brackets in texts do not count', async () => {
    const nested = (levels: number): string => `{"tree":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    await using server = await startInputServer(changing);
    assert.equal((await server.outcome(requestBytes(line, json, nested(31)))).code, undefined);
    assert.match(await refused(nested(32)), /nests deeper than 32 levels/);
    const text = `{"note":"\\"${'['.repeat(60)}\\\\"}`;
    assert.equal((await server.outcome(requestBytes(line, json, text))).code, undefined);
  });

  test('may have as many bytes as the operation says, with a declared length or in chunks', async () => {
    const exact = `{"tree":"${'x'.repeat(1989)}"}`;
    assert.equal(exact.length, 2000);
    await using server = await startInputServer(changing);
    assert.equal((await server.outcome(requestBytes(line, json, exact))).code, undefined);
    assert.match(await refused(`${exact} `), /request-too-large: .*larger than 1.9 KiB/);
    const head = `${line} HTTP/1.1\r\nHost: box\r\nContent-Type: ${json}\r\n`;
    // The body never ends: the refusal comes at the first byte over the limit.
    const chunk = `7d1\r\n${'x'.repeat(2001)}\r\n`;
    const { code } = await server.outcome([`${head}Transfer-Encoding: chunked\r\n\r\n`, chunk]);
    assert.equal(code, 'request-too-large');
    // The length alone is enough.
    assert.equal((await server.outcome([`${head}Content-Length: 2001\r\n\r\n`])).code, 'request-too-large');
  });

  test('is refused when its sender stops or goes away', async () => {
    const pace = { idleMs: 50, graceMs: 60_000, minimumBytesPerSecond: 1 };
    await using server = await startInputServer(changing, { pace });
    const head = `${line} HTTP/1.1\r\nHost: box\r\nContent-Type: ${json}\r\nContent-Length: 10\r\n\r\n`;
    assert.match((await server.outcome([head, '{'])).message ?? '', /did not come in time/);
    const slow = { idleMs: 60_000, graceMs: 50, minimumBytesPerSecond: 1_000_000 };
    await using second = await startInputServer(changing, { pace: slow });
    assert.match((await second.outcome([head, '{'])).message ?? '', /did not come in time/);
  });
});

describe('a multipart body', () => {
  const refused = (body: string | Uint8Array, type = formType): Promise<string> =>
    refusal(uploading, formLine, type, body);

  test('is read whole, in pieces of any size', async () => {
    const seen: unknown[] = [];
    const onInput = (input: unknown): unknown => {
      seen.push(structuredClone(input));
      return {};
    };
    await using server = await startInputServer(uploading, { onInput });
    const picture = `\r\n--front\r\n--${boundary.slice(0, 3)}\r\n\r\n--`;
    const body =
      part('document', '{"note":"hi"}', 'Content-Type: application/json\r\n') +
      part('photographs', picture) +
      part('passphrase', 'open sesame') +
      part('photographs', 'second') +
      lastLine;
    for (const size of [1, 2, 3, 7, 11, body.length]) {
      const [head = '', bytes = ''] = requestBytes(formLine, formType, body);
      const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
        bytes.slice(index * size, (index + 1) * size),
      );
      assert.equal((await server.outcome([head, ...pieces])).code, undefined, `pieces of ${size}`);
      assert.deepEqual(seen.pop(), {
        id: '7',
        note: 'hi',
        photographs: [plainBytes(picture), plainBytes('second')],
        passphrase: plainBytes('open sesame'),
      });
    }
  });

  test('is read whole when a photograph is longer than the buffers on its way', async () => {
    const large = {
      ...uploading,
      files: { photographs: { ...uploading.files.photographs, maximumBytes: 300_000 } },
    };
    const lengths: unknown[] = [];
    await using server = await startInputServer(large, {
      onInput: (input) => {
        lengths.push((input as { readonly photographs: readonly Buffer[] }).photographs[0]?.length);
        return {};
      },
    });
    const sizes = [15_000, 16_384, 16_500, 17_000, 20_000, 33_000, 48_000, 65_536, 70_000, 131_072, 250_000];
    for (const size of sizes) {
      const body = part('photographs', 'x'.repeat(size)) + part('passphrase', 'open sesame') + lastLine;
      assert.equal((await server.outcome(requestBytes(formLine, formType, body))).code, undefined, `${size}`);
    }
    assert.deepEqual(lengths, sizes);
  });

  test('is refused with a reason when its parts are not those of the operation', async () => {
    assert.match(await refused(part('photographs', 'a') + lastLine), /it lacks the part "passphrase"/);
    assert.match(await refused(part('passphrase', 'a') + lastLine), /it lacks the part "photographs"/);
    assert.match(await refused(goodParts + part('other', 'a') + lastLine), /does not know/);
    assert.match(
      await refused(goodParts + part('passphrase', 'b') + lastLine),
      /more than one part "passphrase"/,
    );
    assert.match(await refused(goodParts + part('photographs', '') + lastLine), /"photographs" is empty/);
    const four = part('photographs', 'a').repeat(4);
    assert.match(await refused(four + part('passphrase', 'b') + lastLine), /more than 3 parts "photographs"/);
    assert.match(await refused(`${goodParts}--${boundary}\r\n\r\nnameless\r\n${lastLine}`), /without a name/);
    assert.match(await refused(`${goodParts}--${boundary}\r\n${lastLine}`), /without a name/);
    assert.match(await refused(part('document', '{"note":7}') + goodParts + lastLine), /note/);
    assert.match(await refused(part('document', '[') + goodParts + lastLine), /not JSON/);
    assert.match(
      await refused(part('a', 'b').repeat(5000) + lastLine),
      /larger than|does not know|more than/,
    );
    const longHeader = `X-Long: ${'x'.repeat(8000)}\r\n`;
    assert.match(
      await refused(part('photographs', 'a', longHeader) + part('passphrase', 'b') + lastLine),
      /too long/,
    );
  });

  test('may have a KiB beside the content of each part, and one more', async () => {
    const form = multipartForm(uploading, 1000) ?? assert.fail();
    const content = 'picture'.length + 'open sesame'.length;
    const most = content + (form.maximumParts + 1) * 1024;
    const read = (bytes: number) =>
      readParts(form, boundary, Readable.from([Buffer.from((goodParts + lastLine).padEnd(bytes))]));
    assert.deepEqual([...(await read(most)).keys()], ['photographs', 'passphrase']);
    await assert.rejects(read(most + 1), /the headers of its parts are too long/);
  });

  test('is refused when a part or all parts are too large', async () => {
    const large = part('photographs', 'x'.repeat(5001)) + part('passphrase', 'b') + lastLine;
    assert.match(await refused(large), /request-too-large: the part "photographs" is larger than 4.8 KiB/);
    assert.match(await refused(part('passphrase', 'x'.repeat(65)) + lastLine), /request-too-large/);
    assert.match(await refused('x'.repeat(30_000)), /request-too-large: the body/);
  });

  test('is refused when it is no such body or ends too early', async () => {
    for (const body of ['', 'hello', goodParts, `${goodParts}--${boundary}`, `${goodParts}--${boundary}-`]) {
      assert.match(await refused(body), /bad-request: .*(last boundary|lacks)/, JSON.stringify(body));
    }
    assert.match(await refused(goodParts + lastLine, 'multipart/form-data'), /names no boundary/);
    assert.match(
      await refused(goodParts + lastLine, `multipart/form-data; boundary=${'b'.repeat(71)}`),
      /boundary/,
    );
    assert.match(await refused('{}', 'application/json'), /^unsupported-media-type: .*multipart\/form-data/);
    // The connection ends in the middle: no one is left to be told, and the process lives.
    await using server = await startInputServer(uploading);
    const [head = '', bytes = ''] = requestBytes(formLine, formType, goodParts + lastLine);
    await server.raw([head, bytes.slice(0, 40)], { end: true });
    assert.equal((await server.outcome([head, bytes])).code, undefined);
  });

  test('with random bytes around its boundaries never fails in another way, and always ends', async () => {
    await using server = await startInputServer(uploading);
    const pieces = [
      `--${boundary}`,
      '--',
      '\r\n',
      '\r\n\r\n',
      'name="photographs"',
      '-',
      'x',
      '\0',
      goodParts,
    ];
    const token = fc.oneof(
      fc.constantFrom(...pieces, 'Content-Disposition: form-data; ', part('photographs', 'a'), lastLine),
      fc.string({ maxLength: 3 }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(token, { maxLength: 12 }),
        fc.integer({ min: 1, max: 40 }),
        async (tokens, cut) => {
          const [head = '', bytes = ''] = requestBytes(formLine, formType, tokens.join(''));
          const { code } = await server.outcome(
            [head, bytes.slice(0, cut), bytes.slice(cut)].filter(({ length }) => length > 0),
          );
          assert.ok([undefined, 'bad-request', 'request-too-large'].includes(code), code);
        },
      ),
      { numRuns: 400 },
    );
  });

  test('keeps no bytes of a body with a secret, and leaves those of others alone', async () => {
    const { secrets: _, ...open } = uploading;
    for (const [declaration, hasSecret, body] of [
      [uploading, true, goodParts],
      [open, false, part('photographs', 'picture')],
    ] as const) {
      const form = multipartForm(declaration, undefined) ?? assert.fail();
      const chunks = [...Buffer.from(body + lastLine)].map((byte) => Buffer.of(byte));
      await readParts(form, boundary, Readable.from(chunks));
      const isWiped = chunks.every(([byte]) => byte === 0);
      assert.equal(isWiped, hasSecret, body);
    }
  });

  test('leaves no secret behind once it is wiped', async () => {
    const kept: unknown[] = [];
    await using server = await startInputServer(uploading, {
      onInput: () => ({}),
      onWiped: (input) => kept.push(input),
    });
    const { code } = await server.outcome(requestBytes(formLine, formType, goodParts + lastLine));
    assert.equal(code, undefined);
    const [input] = kept as { readonly passphrase: Buffer; readonly photographs: readonly Buffer[] }[];
    assert.deepEqual(input?.passphrase, Buffer.alloc(11));
    assert.equal(input?.photographs[0]?.toString(), 'picture');
  });
});

describe('what the client writes', () => {
  async function roundTrip(declaration: OperationDeclaration, input: Readonly<Record<string, unknown>>) {
    const seen: unknown[] = [];
    const onInput = (read: unknown): unknown => {
      seen.push(structuredClone(read));
      return {};
    };
    await using server = await startInputServer(declaration, { onInput });
    const { path, headers, body, wipe } = writeInput(declaration, input);
    const outgoing = request({
      port: server.port,
      host: '127.0.0.1',
      method: declaration.method,
      path,
      headers,
    });
    const answered = new Promise<string>((resolve, reject) => {
      outgoing.on('error', reject);
      outgoing.on('response', (response) => resolve(text(response)));
    });
    outgoing.end(body);
    assert.equal(await answered, '{"input":{}}');
    wipe();
    assert.ok(body === undefined || body.every((byte) => byte === 0));
    return seen[0];
  }

  test('is what the box reads', async () => {
    const query = {
      id: 'a/b?c',
      limit: 7,
      isOpen: false,
      state: ['a', 'b'],
      note: 'x&y=z',
      ratio: undefined,
    };
    assert.deepEqual(await roundTrip(listing, query), {
      id: 'a/b?c',
      limit: 7,
      isOpen: false,
      state: ['a', 'b'],
      note: 'x&y=z',
    });
    assert.deepEqual(await roundTrip(changing, { id: '7', note: 'é "' }), { id: '7', note: 'é "' });
    assert.deepEqual(await roundTrip(plain, { id: '7' }), { id: '7' });
    const upload = {
      id: '7',
      note: 'n',
      photographs: [plainBytes('\r\n--a'), plainBytes('b')],
      passphrase: plainBytes('open'),
    };
    assert.deepEqual(await roundTrip(uploading, upload), upload);
  });

  test('never names another path', () => {
    for (const id of ['', '.', '..']) {
      assert.throws(() => writeInput(plain, { id }), { code: 'bad-request' });
    }
    assert.equal(writeInput(plain, { id: '../x' }).path, '/things/..%2Fx/starts');
  });
});
