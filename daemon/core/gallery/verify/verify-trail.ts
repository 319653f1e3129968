import type { OpenDatabase } from '../../../host/sqlite.js';
import { reading } from '../gallery-file.js';

/** Audit entries read between two turns of the event loop. */
const SLICE = 500;

/** What the audit log records about a person since the last restore. */
export interface TrailOfPerson {
  /** The newest recorded revision. */
  readonly revision: number;
  readonly isErased: boolean;
  /** The number of templates that the person must have at least: photographs at enrolment or after their last change, 0 after a withdrawal or a move. */
  readonly leastTemplates: number;
}

interface EntryRow {
  readonly sequence: number;
  readonly action: string;
  readonly subject: string;
  readonly details: string;
}

const countsPhotographs: ReadonlySet<string> = new Set(['person.enrolled', 'person.photographs-changed']);

const unknown: TrailOfPerson = { revision: 0, isErased: false, leastTemplates: 0 };

/** The persons in the audit log. Follows the log while entries are written. */
export class PersonTrail {
  readonly #database: OpenDatabase;
  readonly #persons = new Map<string, TrailOfPerson>();
  #sequence: number;
  #isComplete = true;

  constructor(database: OpenDatabase) {
    this.#database = database;
    const restored = this.#number("SELECT max(sequence) FROM audit WHERE action = 'backup.restored'");
    this.#sequence = restored ?? 0;
    // Older entries may have been pruned, and restored persons have none.
    const oldest = this.#number('SELECT min(sequence) FROM audit') ?? 1;
    if (restored !== undefined || oldest > 1) this.#isComplete = false;
  }

  /** Whether the log must have an entry about every person. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  get ids(): readonly string[] {
    return [...this.#persons.keys()];
  }

  of(personId: string): TrailOfPerson | undefined {
    return this.#persons.get(personId);
  }

  /** Reads the next slice of entries. False at the newest entry. @throws `gallery-damaged` */
  readOn(): boolean {
    const next = this.#database.db.prepare<[number, number], EntryRow>(
      'SELECT sequence, action, subject, details FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?',
    );
    const rows = reading(this.#database, () => next.all(this.#sequence, SLICE));
    for (const row of rows) this.#take(row);
    this.#sequence = rows.at(-1)?.sequence ?? this.#sequence;
    return rows.length === SLICE;
  }

  #take({ action, subject, details }: EntryRow): void {
    if (action === 'gallery.reembedded') {
      for (const [id, trail] of this.#persons) this.#persons.set(id, { ...trail, leastTemplates: 0 });
    }
    // Some entries concern no single person, such as reading the list of all.
    if (!action.startsWith('person.') || subject === '') return;
    const before = this.#persons.get(subject) ?? unknown;
    const { revision, photographs } = numbersIn(details);
    const enrolledWith = countsPhotographs.has(action) ? photographs : before.leastTemplates;
    this.#persons.set(subject, {
      revision: Math.max(before.revision, revision),
      isErased: action === 'person.erased' || (before.isErased && action !== 'person.enrolled'),
      leastTemplates: action === 'person.consent-withdrawn' ? 0 : enrolledWith,
    });
  }

  #number(query: string): number | undefined {
    const statement = this.#database.db.prepare<[], number | null>(query).pluck();
    return reading(this.#database, () => statement.get()) ?? undefined;
  }
}

/** Ignores altered details: the check of the log's chain finds them. */
function numbersIn(details: string): { readonly revision: number; readonly photographs: number } {
  const known = parse(details);
  const numberOf = (name: string): number => {
    const value: unknown = known[name];
    return typeof value === 'number' ? value : 0;
  };
  return { revision: numberOf('revision'), photographs: numberOf('photographs') };
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}
