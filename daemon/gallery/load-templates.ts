import { setImmediate as nextTurn } from 'node:timers/promises';
import type { RecogniserId } from '../domain/ids.js';
import { isUnitEmbedding } from './enrolment.js';
import type { GalleryKey } from './gallery-key.js';
import type { PersonRows, TemplateRow } from './person-rows.js';
import { places } from './places.js';
import type { QuarantinedRow } from './quarantine.js';
import type { SearchIndex } from './search-index.js';

/** Templates opened between two turns of the event loop: a few milliseconds of work. */
const SLICE_ROWS = 1000;

export interface TemplateLoading {
  readonly rows: PersonRows;
  readonly key: GalleryKey;
  readonly recogniser: RecogniserId;
  /** Values of a template. */
  readonly dimensions: number;
  readonly index: SearchIndex;
  readonly quarantine: (row: QuarantinedRow) => void;
}

/** Opens every template into the index. A row that cannot be used is reported and costs only itself. */
export async function loadTemplates(loading: TemplateLoading): Promise<void> {
  let previousId = '';
  for (;;) {
    const rows = loading.rows.templatesAfter(previousId, SLICE_ROWS);
    for (const row of rows) loadTemplate(row, loading);
    const last = rows.at(-1);
    if (last === undefined) return;
    previousId = last.id;
    await nextTurn();
  }
}

function loadTemplate(row: TemplateRow, loading: TemplateLoading): void {
  const problem = openIntoIndex(row, loading);
  if (problem === undefined) return;
  loading.quarantine({ table: 'template', rowId: row.id, personId: row.personId, reason: problem });
}

/** Adds the row's template to the index, or says why it cannot be used. */
function openIntoIndex(row: TemplateRow, loading: TemplateLoading): QuarantinedRow['reason'] | undefined {
  const { key, recogniser, dimensions, index } = loading;
  if (row.recogniser !== recogniser) return 'other-recogniser';
  const plaintext = key.open(places.templateVector(row.personId, row.id, recogniser), row.vector);
  if (plaintext === undefined) return 'does-not-open';
  try {
    const template = decodeTemplate(plaintext);
    if (!isUnitEmbedding(template, dimensions)) return 'not-a-template';
    index.add(row.personId, [template]);
    return undefined;
  } finally {
    plaintext.fill(0);
  }
}

/** The template's bytes: float32, little-endian as on every platform this program runs on. Not copied. */
export function encodeTemplate(template: Float32Array): Uint8Array {
  return new Uint8Array(template.buffer, template.byteOffset, template.byteLength);
}

/** The values behind `bytes`; shares their memory where they are aligned. Empty where the size fits no values. */
export function decodeTemplate(bytes: Uint8Array): Float32Array {
  const size = Float32Array.BYTES_PER_ELEMENT;
  if (bytes.length % size !== 0) return new Float32Array(0);
  if (bytes.byteOffset % size === 0)
    return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / size);
  return new Float32Array(bytes.slice().buffer);
}
