import { wipe } from '../../../host/sodium.js';
import type { OpenDatabase } from '../../../host/sqlite.js';
import type { Embedding } from '../../../kernel/identification/match.js';
import type { PersonId, RecogniserId } from '../../../kernel/ids.js';
import type { KeyRing } from '../keys/key-ring.js';
import { isUnitEmbedding } from '../persons/enrolment.js';
import { sealTemplate } from '../persons/person-changes.js';
import { PersonRows } from '../persons/person-rows.js';
import { places } from '../places.js';
import { openField } from '../sealing.js';
import { noteRefused } from './re-embed-job.js';
import { ReEmbedRows } from './re-embed-rows.js';

/** The result of embedding a stored photograph with another recogniser. */
export type EmbeddedPhotograph =
  | {
      readonly outcome: 'embedded';
      /** Unit length. */
      readonly embedding: Embedding;
      /** Quality score of the face, 0..1. */
      readonly quality: number;
    }
  /** The recogniser cannot use the photograph, now or later. */
  | { readonly outcome: 'refused'; readonly code: string };

/** Makes templates with a recogniser that is not the one in use. */
export interface PhotographEmbedder extends AsyncDisposable {
  readonly recogniser: RecogniserId;
  /** Number of values of an embedding. */
  readonly dimensions: number;
  /** An error that is `retryable` is tried again. */
  embed(jpeg: Uint8Array): Promise<EmbeddedPhotograph>;
}

/** Opens the recogniser with this name in the configuration. */
export type OpenEmbedder = (recogniserName: string, signal?: AbortSignal) => Promise<PhotographEmbedder>;

export interface ReEmbedStepContext {
  readonly database: OpenDatabase;
  readonly ring: KeyRing;
  /** Called for each photograph that does not open. */
  readonly report: (row: {
    readonly table: 'photograph';
    readonly rowId: string;
    readonly personId: PersonId;
    readonly reason: 'does-not-open';
  }) => void;
}

/** `gone`: deleted meanwhile. */
export type StepOutcome = 'made' | 'refused' | 'gone';

/**
 * Makes and stores the template of one photograph. Seals it within the transaction, because a rotation may have replaced the
 * person's data key while the recogniser worked.
 */
export async function reEmbedPhotograph(
  { database, ring, report }: ReEmbedStepContext,
  embedder: PhotographEmbedder,
  photographId: string,
): Promise<StepOutcome> {
  const rows = new ReEmbedRows(database);
  const photograph = rows.photograph(photographId);
  if (photograph === undefined) return 'gone';
  const { personId } = photograph;
  const place = places.photographJpeg(personId, photographId);
  const jpeg = ring.using(photograph.dataKey, (key) => openField(key, place, photograph.jpeg));
  if (jpeg === undefined) {
    report({ table: 'photograph', rowId: photographId, personId, reason: 'does-not-open' });
    database.transaction(() => noteRefused(database, photographId, 'does-not-open'));
    return 'refused';
  }
  const made = await embedder.embed(jpeg).finally(() => wipe(jpeg));
  const isUsable = made.outcome === 'embedded' && isUnitEmbedding(made.embedding, embedder.dimensions);
  return database.transaction(() => {
    const now = rows.photograph(photographId);
    if (now === undefined) return 'gone';
    if (made.outcome === 'refused' || !isUsable) {
      noteRefused(database, photographId, made.outcome === 'refused' ? made.code : 'no-embedding');
      return 'refused';
    }
    const { recogniser } = embedder;
    const { embedding, quality } = made;
    const template = ring.using(now.dataKey, (key) =>
      sealTemplate(key, { personId, recogniser, photographId, embedding, quality }),
    );
    embedding.fill(0);
    if (template === undefined) return 'gone';
    new PersonRows(database).addTemplate(template);
    return 'made';
  });
}
