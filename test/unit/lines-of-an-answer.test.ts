import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Answer } from '../../daemon/contract/operation.js';
import { lineForm, lineTexts, resumedQuery } from '../../daemon/core/api/line-forms.js';

type Lines = Extract<Answer, { readonly kind: 'lines' }>;

const endless = { kind: 'lines' } as Lines;
const bounded = { ...endless, isBounded: true } as Lines;
const positionOf = (item: unknown): string => String((item as { readonly at: number }).at);
const resumable = { ...endless, resume: { field: 'after', positionOf } } as unknown as Lines;

const written = (lines: Lines, accept: string | undefined, items: readonly unknown[]) => {
  const form = lineForm(lines, accept === undefined ? {} : { accept }, 'r1');
  return { form, text: items.map((item) => form.item(item)).join('') + form.done() };
};

describe('the lines of an answer', () => {
  const items = [{ kind: 'row', at: 1 }, { at: 2 }];

  test('are lines of JSON, each under the same name, with a mark at their end', () => {
    const { form, text } = written(endless, undefined, items);
    assert.equal(text, '{"item":{"kind":"row","at":1}}\n{"item":{"at":2}}\n{"done":true}\n');
    assert.match(form.mediaType, /^application\/jsonl/);
    const problem = { code: 'busy', message: 'm' } as unknown as Parameters<
      NonNullable<typeof form.failed>
    >[0];
    assert.equal(form.failed?.(problem), '{"error":{"code":"busy","message":"m"}}\n');
  });

  test('are one document where they end by themselves, also without any, unless lines are asked for', () => {
    for (const [given, data] of [
      [items, '{"kind":"row","at":1},{"at":2}'],
      [[], ''],
    ] as const) {
      const { form, text } = written(bounded, 'application/json', given);
      assert.equal(text, `{"success":true,"data":[${data}],"meta":{"requestId":"r1"}}`);
      assert.deepEqual(JSON.parse(text), { success: true, data: given, meta: { requestId: 'r1' } });
      assert.equal(form.failed, undefined, 'a missing end says that it was cut');
    }
    for (const asked of ['application/jsonl', 'text/html, application/x-ndjson;q=0.5'])
      assert.match(written(bounded, asked, items).form.mediaType, /^application\/jsonl/);
    assert.match(written(endless, 'application/json', items).form.mediaType, /^application\/jsonl/);
  });

  test('are events for a browser where it can continue them, with the place to continue from', () => {
    const { form, text } = written(resumable, 'text/event-stream', items);
    assert.equal(
      text,
      'id: 1\nevent: row\ndata: {"kind":"row","at":1}\n\nid: 2\nevent: item\ndata: {"at":2}\n\nevent: done\ndata: {}\n\n',
    );
    assert.equal(form.beat, ':\n\n');
    assert.match(written(endless, 'text/event-stream', items).form.mediaType, /^application\/jsonl/);
  });

  test('continue behind the last event that a browser got, whatever its address says', () => {
    const query = (headers: Readonly<Record<string, string>>, answer: Answer = resumable): string =>
      resumedQuery(answer, headers, new URLSearchParams({ after: '3', limit: '5' })).toString();
    const accept = 'text/event-stream';
    assert.equal(query({ accept, 'last-event-id': '17' }), 'after=17&limit=5');
    for (const headers of [{ accept }, { accept, 'last-event-id': '' }, { 'last-event-id': '17' }])
      assert.equal(query(headers as Record<string, string>), 'after=3&limit=5');
    assert.equal(query({ accept, 'last-event-id': '17' }, endless), 'after=3&limit=5');
  });
});

describe('the texts in which lines are sent', () => {
  async function sent(
    items: AsyncGenerator<string>,
    lost: () => unknown = () => undefined,
  ): Promise<{ readonly texts: readonly string[]; readonly last: string }> {
    const first = await items.next();
    const texts = lineTexts(first, items, {
      encode: (item) => `${String(item)}\n`,
      encodeError: (error) => `error ${String(error)}\n`,
      done: () => 'done\n',
      lost,
    });
    const found: string[] = [];
    for (;;) {
      const { value, done } = await texts.next();
      if (done === true) return { texts: found, last: value };
      found.push(value);
    }
  }
  async function* of(...items: readonly string[]): AsyncGenerator<string> {
    yield* items;
  }

  test('hold what is ready together, in its order', async () => {
    assert.deepEqual(await sent(of('a', 'b', 'c')), { texts: [], last: 'a\nb\nc\ndone\n' });
    assert.deepEqual(await sent(of()), { texts: [], last: 'done\n' });
  });

  test('go out when they have 32 KiB of characters', async () => {
    const line = 'x'.repeat(10_000);
    const { texts, last } = await sent(of(line, line, line, line, 'end'));
    assert.deepEqual(
      texts.map(({ length }) => length),
      [40_004],
    );
    assert.equal(last, 'end\ndone\n');
  });

  test('go out before a line that takes its time', async () => {
    let release = (): void => undefined;
    const waited = new Promise<void>((resolve) => {
      release = resolve;
    });
    async function* slow(): AsyncGenerator<string> {
      yield 'a';
      yield 'b';
      await waited;
      yield 'c';
    }
    const items = slow();
    const texts = lineTexts(await items.next(), items, {
      ...{ encode: (item) => `${String(item)}\n`, encodeError: () => 'error\n', done: () => 'done\n' },
      lost: () => undefined,
    });
    assert.deepEqual(await texts.next(), { value: 'a\nb\n', done: false });
    release();
    assert.deepEqual(await texts.next(), { value: 'c\ndone\n', done: true });
  });

  test('end with the error that ends the lines, behind those that came before it', async () => {
    async function* failing(): AsyncGenerator<string> {
      yield 'a';
      throw new Error('the disk failed');
    }
    assert.equal((await sent(failing())).last, 'a\nerror Error: the disk failed\n');
  });

  test('end where the rest must not be sent, without the line that was ready', async () => {
    let asked = 0;
    const { last } = await sent(of('a', 'b', 'c'), () => {
      asked += 1;
      return asked > 1 ? 'signed out' : undefined;
    });
    assert.equal(last, 'a\nerror signed out\n');
  });
});
