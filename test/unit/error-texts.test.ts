import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import errors from '../../daemon/words/en/errors.json' with { type: 'json' };
import { daemon, sourcePaths, type Text, textsIn } from '../support/source-texts.js';

/** An ordinary word: names such as FFmpeg and settings such as mqtt.url begin as they are written. */
const beginsSmall = /^(?!rollcall\b)[a-z]+(?=[\s,:;]|$)/;
const beginsWithCapital = /^[A-Z][a-z]*(?=[\s,:;]|$)/;
const endsSentence = /[.!?…$]$/;
// A text for a terminal that already contains the label of the remedy.
const isLabelled = ({ start }: Text): boolean => /^\s/.test(start);

describe('the texts of errors', () => {
  const files = sourcePaths();
  const found = files.map(textsIn);
  const texts = {
    messages: found.flatMap(({ messages }) => messages),
    remedies: found.flatMap(({ remedies }) => remedies),
  };
  for (const [key, text] of Object.entries(errors)) {
    const list = key.startsWith('remedy-') ? texts.remedies : texts.messages;
    list.push({ start: text.replace(/^\{\w+\}/, '$'), end: text });
  }

  test('are found', () => {
    assert.ok(texts.messages.length > 500, String(texts.messages.length));
    assert.ok(texts.remedies.length > 500, String(texts.remedies.length));
  });

  test('a message continues a line, so it begins small and ends without a full stop', () => {
    const wrong = texts.messages.filter(
      ({ start, end }) => beginsWithCapital.test(start) || end.endsWith('.'),
    );
    assert.deepEqual(wrong, []);
  });

  test('a labelled remedy begins with a capital letter', () => {
    const wrong = files.filter((path) => /what to do: [a-z]/.test(readFileSync(join(daemon, path), 'utf8')));
    assert.deepEqual(wrong, []);
  });

  test('a remedy stands alone, so it is a whole sentence', () => {
    const wrong = texts.remedies.filter(
      (text) => !isLabelled(text) && (beginsSmall.test(text.start) || !endsSentence.test(text.end)),
    );
    assert.deepEqual(wrong, []);
  });
});
