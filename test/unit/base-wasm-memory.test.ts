import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRollcallError, operational } from '../../daemon/kernel/errors.js';
import { WasmMemory } from '../../daemon/kernel/wasm-memory.js';

const pageBytes = 65_536;
const exhausted = (cause: unknown) => operational('no-memory-left', 'no memory is left', { cause });

test('hands out memory from the front, in steps of 64 bytes', () => {
  const memory = new WasmMemory(exhausted);
  assert.deepEqual(
    [1, 64, 65, 63, 0, 128, 1].map((bytes) => memory.reserve(bytes)),
    [0, 64, 128, 256, 320, 320, 448],
  );
});

test('has the pages that were reserved, and no more', () => {
  const memory = new WasmMemory(exhausted);
  const pages = (): number => memory.buffer.byteLength / pageBytes;
  assert.equal(pages(), 1);
  memory.reserve(pageBytes);
  assert.equal(pages(), 1);
  memory.reserve(1);
  assert.equal(pages(), 2);
  memory.reserve(10 * pageBytes);
  assert.equal(pages(), 12);
});

test('refuses more than its limit with the error of its owner, and hands out what is left', () => {
  const memory = new WasmMemory(exhausted, 2);
  memory.reserve(64);
  assert.throws(
    () => memory.reserve(2 * pageBytes),
    (error) => isRollcallError(error, 'no-memory-left') && error.cause instanceof RangeError,
  );
  assert.equal(memory.reserve(2 * pageBytes - 64), 64);
  assert.equal(memory.buffer.byteLength, 2 * pageBytes);
});

test('refuses to begin with a limit that it cannot have, by the error of its owner', () => {
  assert.throws(
    () => new WasmMemory(exhausted, 0),
    (error) => isRollcallError(error, 'no-memory-left'),
  );
});

test('holds zeros before anything is written, and after a wipe', () => {
  const memory = new WasmMemory(exhausted);
  const address = memory.reserve(100);
  const bytes = new Uint8Array(memory.buffer);
  assert.ok(bytes.every((byte) => byte === 0));
  bytes.fill(7, address, address + 100);
  memory.wipe();
  assert.ok(bytes.every((byte) => byte === 0));
});
