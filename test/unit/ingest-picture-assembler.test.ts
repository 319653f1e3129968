import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { yuv420Bytes } from '../../daemon/kernel/faces/picture.js';
import { BufferPool } from '../../daemon/vision/ingest/buffer-pool.js';
import { type Announcement, PictureAssembler } from '../../daemon/vision/ingest/picture-assembler.js';

const announcement = (widthPx: number, heightPx: number): Announcement => ({
  ptsS: 0,
  widthPx,
  heightPx,
  isFullRange: false,
  announcedAtMs: 0,
});

/** Puts bytes into an assembler the way a socket of Node does: the next target is asked for before it may wait. */
class Pipe {
  readonly pictures: (number[] | undefined)[] = [];
  readonly assembler: PictureAssembler;
  readonly pool: BufferPool;
  isReading = true;
  #target: Uint8Array;
  #unread: Uint8Array = new Uint8Array();

  constructor(limit = 2, keep = false) {
    this.pool = new BufferPool(limit);
    this.assembler = new PictureAssembler({
      pool: this.pool,
      onPicture: (_, buffer) => {
        this.pictures.push(buffer && [...buffer]);
        if (buffer !== undefined && !keep) this.pool.giveBack(buffer);
      },
      onReady: () => {
        this.isReading = true;
      },
    });
    this.#target = this.assembler.target();
  }

  write(bytes: Uint8Array): void {
    this.#unread = Uint8Array.from([...this.#unread, ...bytes]);
  }

  read(): void {
    while (this.isReading && this.#unread.length > 0) {
      const count = Math.min(this.#unread.length, this.#target.length);
      assert.ok(count > 0, 'a target has room');
      this.#target.set(this.#unread.subarray(0, count));
      this.#unread = this.#unread.slice(count);
      this.isReading = this.assembler.filled(count);
      this.#target = this.assembler.target();
    }
  }
}

const sizes = fc.array(
  fc.record({ w: fc.integer({ min: 1, max: 40 }), h: fc.integer({ min: 1, max: 30 }) }),
  {
    minLength: 1,
    maxLength: 8,
  },
);

describe('picture assembler', () => {
  test('assembles every picture, in whatever order and portions its bytes and announcement come', () => {
    fc.assert(
      fc.property(sizes, fc.infiniteStream(fc.nat(60)), (list, chance) => {
        const next = (below: number): number => Number(chance.next().value) % below;
        const expected = list.map(({ w, h }, index) =>
          Array.from({ length: yuv420Bytes(w, h) }, (_, at) => (index * 31 + at) % 256),
        );
        const stream = Uint8Array.from(expected.flat());
        const pipe = new Pipe();
        let announced = 0;
        let written = 0;
        while (announced < list.length || written < stream.length) {
          const size = list[announced];
          if (size !== undefined && (written === stream.length || next(4) === 0)) {
            pipe.assembler.announce(announcement(size.w, size.h));
            announced += 1;
          } else {
            const end = written + 1 + next(60) * next(60);
            pipe.write(stream.subarray(written, end));
            written = Math.min(end, stream.length);
          }
          if (next(3) > 0) pipe.read();
        }
        pipe.read();
        assert.deepEqual(pipe.pictures, expected);
      }),
    );
  });

  test('waits for an announcement instead of holding an unlimited number of bytes', () => {
    const pipe = new Pipe();
    pipe.write(new Uint8Array(6));
    pipe.read();
    assert.equal(pipe.isReading, false);
    pipe.assembler.announce(announcement(2, 2));
    assert.equal(pipe.isReading, true);
    assert.equal(pipe.pictures.length, 1);
  });

  test('reads on without a buffer and reports the picture as lost', () => {
    const pipe = new Pipe(1, true);
    for (let count = 0; count < 3; count++) {
      pipe.assembler.announce(announcement(2, 2));
      pipe.write(Uint8Array.of(1, 2, 3, 4, 5, 6));
    }
    pipe.read();
    assert.deepEqual(pipe.pictures, [[1, 2, 3, 4, 5, 6], undefined, undefined]);
  });

  test('stops reading while held, and continues at the same place', () => {
    const pipe = new Pipe();
    pipe.assembler.announce(announcement(2, 2));
    pipe.assembler.announce(announcement(2, 2));
    pipe.assembler.hold();
    pipe.write(new Uint8Array(6));
    pipe.read();
    pipe.write(new Uint8Array(6));
    pipe.read();
    const whileHeld = pipe.pictures.length;
    pipe.assembler.proceed();
    pipe.read();
    assert.deepEqual([whileHeld, pipe.pictures.length], [1, 2]);
  });

  test('reads everything and delivers nothing after a discard', () => {
    const pipe = new Pipe();
    pipe.write(new Uint8Array(3));
    pipe.read();
    pipe.assembler.discard();
    pipe.assembler.announce(announcement(2, 2));
    pipe.write(new Uint8Array(300_000));
    pipe.read();
    assert.deepEqual([pipe.isReading, pipe.pictures.length], [true, 0]);
  });

  test('returns a half-filled buffer at a discard', () => {
    const pipe = new Pipe(1);
    pipe.assembler.announce(announcement(2, 2));
    pipe.write(new Uint8Array(9));
    pipe.read();
    pipe.assembler.discard();
    assert.notEqual(pipe.pool.take(6), undefined);
  });

  test('forgets bytes whose announcement can no longer come, so that the pipe can end', () => {
    const pipe = new Pipe();
    pipe.write(new Uint8Array(3));
    pipe.read();
    pipe.assembler.announcementsEnded();
    pipe.write(new Uint8Array(200_000));
    pipe.read();
    assert.equal(pipe.isReading, true);
  });
});

describe('buffer pool', () => {
  test('lends no more buffers than its limit, and reuses returned ones', () => {
    const pool = new BufferPool(1);
    const first = pool.take(10);
    assert.ok(first);
    assert.equal(pool.take(10), undefined);
    pool.giveBack(first);
    assert.equal(pool.take(10), first);
  });

  test('does not lend a buffer of another size', () => {
    const pool = new BufferPool(2);
    const small = pool.take(10);
    assert.ok(small);
    assert.equal(pool.take(20)?.length, 20);
    pool.giveBack(small);
    assert.equal(pool.take(20)?.length, 20);
  });
});
