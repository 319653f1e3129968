import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { failureOf } from '../../daemon/core/alerts/alert-plan.js';
import { installedLanguages } from '../../daemon/host/installed-languages.js';
import { localTimeOf } from '../../daemon/host/local-time.js';
import { alertMessage, alertSummary, testMessage } from '../../daemon/kernel/alerts/alert-message.js';
import { type AlertPart, alertSubjects, type RuleAlert } from '../../daemon/kernel/alerts/alert-rule.js';
import { asLine, asLines, fillTemplate, parseTemplate } from '../../daemon/kernel/alerts/alert-template.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import type { Said } from '../../daemon/kernel/said.js';

const gate = cameraId('gate');
const fromMs = Date.UTC(2026, 2, 2, 9, 0, 0);
const minuteMs = 60_000;
const names: Readonly<Record<string, string>> = { gate: 'Gate', door: 'Back door' };
const wordingIn = (tag: string) => {
  const language = installedLanguages().firstOf([tag]);
  return {
    cameraName: (id: string) => names[id] ?? id,
    localTime: localTimeOf('Europe/Paris'),
    failureOf,
    textOf: (said: Said): string => language.textOf(said),
  };
};
const wording = wordingIn('en');
const summaryIn = (tag: string, ...[on, parts]: readonly [RuleAlert['on'], readonly AlertPart[]]): string => {
  const { textOf, ...naming } = wordingIn(tag);
  return textOf(alertSummary(on, parts, naming));
};

function part(changes: Partial<AlertPart> = {}): AlertPart {
  const about = { cameraId: gate, count: 1, fromMs, untilMs: fromMs, code: null };
  return { ...about, firstSequence: 1, lastSequence: 1, ...changes };
}

describe('the wording of an alert', () => {
  const cases: readonly (readonly [string, RuleAlert['on'], readonly AlertPart[]])[] = [
    ['An unknown person at Gate', 'unknown', [part()]],
    [
      '3 unknown people at Gate in 10 minutes',
      'unknown',
      [part({ count: 3, untilMs: fromMs + 9.5 * minuteMs })],
    ],
    ['2 presentation attacks at Gate in a minute', 'attack', [part({ count: 2, untilMs: fromMs + 500 })]],
    [
      '2 unknown people at Gate in 4 minutes; An unknown person at Back door',
      'unknown',
      [part({ count: 2, untilMs: fromMs + 4 * minuteMs }), part({ cameraId: cameraId('door') })],
    ],
    [
      'Camera Gate is down, since 2026-03-02 10:00 (camera-silent)',
      'camera-down',
      [part({ untilMs: null, code: 'camera-silent' })],
    ],
    [
      'Camera Gate is down, since 2026-03-02 10:00: the camera accepts the connection but does not answer',
      'camera-down',
      [part({ untilMs: null, code: 'no-answer' })],
    ],
    [
      'Over: Camera Gate was down from 2026-03-02 10:00 to 2026-03-02 10:05',
      'camera-down',
      [part({ untilMs: fromMs + 5 * minuteMs })],
    ],
    [
      'Over: Camera Gate was down 3 times from 2026-03-02 10:00 to 2026-03-02 10:05',
      'camera-down',
      [part({ count: 3, untilMs: fromMs + 5 * minuteMs })],
    ],
    [
      'The gallery is sealed: no person is recognised, since 2026-03-02 10:00',
      'sealed',
      [part({ cameraId: null, untilMs: null })],
    ],
    [
      'Worse: The broker refuses a topic of this box, since 2026-03-02 10:00 (camera, unknown)',
      'topic-refused',
      [part({ cameraId: null, untilMs: null, about: ['camera', 'unknown'], isWorse: true })],
    ],
    ['An unknown person at cam-9', 'unknown', [part({ cameraId: cameraId('cam-9') })]],
  ];
  for (const [expected, on, parts] of cases) {
    test(expected, () => assert.equal(summaryIn('en', on, parts), expected));
  }

  const alert: RuleAlert = {
    ...{ ruleId: 'strangers', on: 'unknown', severity: 'critical', phase: 'raised' },
    parts: [part({ count: 3, untilMs: fromMs + 9.5 * minuteMs })],
  };
  const identity = { siteId: 'office', boxId: 'box-1' };
  const context = { id: 'an-id', nowMs: fromMs + 10 * minuteMs, identity, wording };

  test('by default names site, box and rule', () => {
    const message = alertMessage(alert, { ...context, templates: { subject: undefined, text: undefined } });
    assert.equal(message.subject, '[critical] 3 unknown people at Gate in 10 minutes (office/box-1)');
    assert.equal(
      message.text,
      [
        '3 unknown people at Gate in 10 minutes',
        '',
        'Site office, box box-1, rule strangers, critical.',
        'Sent at 2026-03-02 10:10. Alert an-id.',
      ].join('\n'),
    );
    assert.equal(message.parts[0]?.cameraName, 'Gate');
  });

  test('uses its templates', () => {
    const parsed = parseTemplate('{{{count}}} at {camera} ({cameraId}) from {from} to {to}, {minutes} min');
    assert.ok('template' in parsed);
    const { subject } = alertMessage(alert, {
      ...context,
      templates: { subject: parsed.template, text: undefined },
    });
    assert.equal(subject, '{3} at Gate (gate) from 2026-03-02 10:00 to 2026-03-02 10:09, 10 min');
  });

  test('a test message says that nothing has happened', () => {
    const message = testMessage({ id: 'an-id', nowMs: fromMs, identity, textOf: wording.textOf });
    assert.equal(message.phase, 'test');
    assert.match(message.text, /Nothing has happened/);
  });
});

describe('an alert in another language', () => {
  const phases: readonly Partial<AlertPart>[] = [
    ...[
      {},
      { count: 3 },
      { untilMs: null },
      { untilMs: null, isWorse: true as const },
      { untilMs: fromMs + minuteMs },
    ],
  ];
  const context = { id: 'an-id', nowMs: fromMs, identity: { siteId: 'büro', boxId: 'box-1' } };
  const templates = { subject: undefined, text: undefined };
  /** Words that English sentences need, and the other languages do not have. */
  const functionWords =
    /(?<!\p{L})(?:the|of|and|is|are|were|with|at|who|not|from|since|sent|time|times)(?!\p{L})/iu;

  for (const tag of ['de', 'fr'])
    test(`has no English sentence about anything: ${tag}`, () => {
      for (const on of alertSubjects)
        for (const changes of phases) {
          const alert: RuleAlert = {
            ...{ ruleId: 'strangers', on, severity: 'critical', phase: 'raised', parts: [part(changes)] },
          };
          const { subject, text } = alertMessage(alert, { ...context, wording: wordingIn(tag), templates });
          assert.doesNotMatch(`${subject}\n${text}`.replaceAll('box-1', ''), functionWords);
        }
    });

  test('reads like a sentence of that language', () => {
    const many = [part({ count: 3, untilMs: fromMs + 9.5 * minuteMs })];
    assert.equal(summaryIn('de', 'unknown', many), '3 unbekannte Personen an Gate in 10 Minuten');
    const over = [part({ count: 2, untilMs: fromMs + 5 * minuteMs })];
    assert.equal(
      summaryIn('de', 'camera-down', over),
      'Vorbei: Kamera Gate war ausgefallen, 2-mal von 2026-03-02 10:00 bis 2026-03-02 10:05',
    );
  });
});

describe('templates', () => {
  const filled = (text: string, value: string): string => {
    const parsed = parseTemplate(text);
    assert.ok('template' in parsed);
    return fillTemplate(
      parsed.template,
      new Proxy({}, { get: () => value }) as Parameters<typeof fillTemplate>[1],
    );
  };

  test('refuse unknown fields', () => {
    assert.deepEqual(parseTemplate('a {nme} b'), { problem: 'contains an unknown field', field: 'nme' });
    assert.ok('problem' in parseTemplate('{'));
    assert.ok('problem' in parseTemplate('}'));
    assert.ok('problem' in parseTemplate('{}'));
    assert.ok('problem' in parseTemplate(`{\${1+1}}`));
    assert.ok('problem' in parseTemplate('{constructor}'));
    assert.ok('problem' in parseTemplate('{__proto__}'));
  });

  test('do not read a value as a template', () => {
    assert.equal(filled('a {camera} b', '{summary} {{ }}'), 'a {summary} {{ }} b');
  });

  test('produce any text literally if its braces are doubled', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.equal(filled(text.replaceAll('{', '{{').replaceAll('}', '}}'), ''), text);
      }),
    );
  });

  test('either parse or report an error, whatever they contain', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('{', '}', 'a', 'site', ' ') }), (text) => {
        const parsed = parseTemplate(text);
        assert.ok('template' in parsed || parsed.problem.length > 0);
      }),
    );
  });
});

describe('text that leaves the box', () => {
  test('is one printable line of at most 200 characters, whatever a name contains', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (text) => {
        const line = asLine(text);
        assert.doesNotMatch(line, /[\p{Cc}\p{Zl}\p{Zp}\u202a-\u202e\u2066-\u2069]/u);
        assert.ok([...line].length <= 200);
        assert.doesNotThrow(() => encodeURIComponent(line), 'no lone surrogates');
      }),
    );
  });

  test('cannot begin a header with a line end', () => {
    assert.equal(asLine('Gate\r\nBcc: x@example.org'), 'Gate Bcc: x@example.org');
  });

  test('has no line or paragraph separator, which some programs take for line ends', () => {
    assert.equal(asLine('a\u2028b\u2029c'), 'a b c');
    assert.equal(asLines('a\u2028b\u2029c'), 'a b c');
    assert.equal(asLine('a\u2066b\u2069c\u202ad'), 'a b c d', 'nor what reorders text');
  });

  test('is cut only if it is longer than allowed', () => {
    for (const [cut, longest] of [
      [asLine, 200],
      [asLines, 10_000],
    ] as const) {
      assert.equal(cut('😀'.repeat(longest)), '😀'.repeat(longest));
      assert.equal(cut('😀'.repeat(longest + 1)), `${'😀'.repeat(longest - 1)}…`);
    }
  });

  test('keeps its lines if several are allowed', () => {
    assert.equal(asLines('a\r\nb\u0000\u202ec\n'), 'a\nb c');
  });
});
