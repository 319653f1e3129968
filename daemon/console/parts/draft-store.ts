import { computed, type ReadonlySignal, signal } from '@preact/signals';

/** What the user changed in one field of a form. `undefined` stands for an absent value. */
export type FieldChange = readonly [name: string, value?: unknown];

/** What the user has typed into a form and not sent. */
export interface KeptDraft {
  /** Only fields that differ from those with which the form began: the others show what the box has now. */
  readonly changes: readonly FieldChange[];
  /** Of what the form was about when the user began to type. */
  readonly revision?: number | undefined;
  /** True after a reload that lost what is never written into the storage of the browser. */
  readonly isPartial: boolean;
}

interface MemoryDraft extends KeptDraft {
  /** Fields that stay in the memory of the page: secrets and pictures. */
  readonly unstored: readonly string[];
}

/** What drafts need of the storage of a tab. */
interface TabStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

const storedAs = 'drafts';
/**
 * A login in an address is a secret in whatever field it stands: `rtsp://user:password@…`, also with signs that an address must not
 * have, and `…?user=admin&password=…`, as many cameras take it.
 */
const loginInAddress = /:\/\/\S*(?:@|[/?&;](?:pass\w*|pwd|psw|auth|token|secret|key|api_?key)=)/i;

/** The drafts of one user, by form. They survive a reload in the storage of the tab, without secrets and pictures. */
export class DraftStore {
  readonly #storage: TabStorage;
  readonly #drafts = signal<Readonly<Record<string, MemoryDraft>>>({});
  /** The storage did not take the drafts: they are in the memory of the page only. */
  readonly #isRefused = signal(false);
  #owner: string | undefined;

  constructor(storage: TabStorage) {
    this.#storage = storage;
  }

  /** True while a reload would lose something. */
  readonly isAtRisk: ReadonlySignal<boolean> = computed(() =>
    Object.values(this.#drafts.value).some((draft) =>
      draft.changes.some((change) => this.#isRefused.value || !isStored(draft, change)),
    ),
  );

  /** Whose drafts these are from now on. Those of another user are removed; without a user, they wait in the storage. */
  belongTo(owner: string | undefined): void {
    if (owner !== undefined && owner === this.#owner) return;
    this.#owner = owner;
    this.#drafts.value = owner === undefined ? {} : this.#storedOf(owner);
    if (owner !== undefined && Object.keys(this.#drafts.peek()).length === 0)
      this.#storage.removeItem(storedAs);
  }

  /** Removes all. */
  forget(): void {
    this.#drafts.value = {};
    this.#storage.removeItem(storedAs);
  }

  find(form: string): KeptDraft | undefined {
    return this.#drafts.peek()[form];
  }

  /** Keeps what was changed in a form, and forgets the draft when nothing is. */
  keep(form: string, draft: MemoryDraft): void {
    if (this.#owner === undefined) return;
    const { [form]: before, ...others } = this.#drafts.peek();
    if (draft.changes.length === 0 && before === undefined) return;
    this.#drafts.value = draft.changes.length === 0 ? others : { ...others, [form]: draft };
    this.#store(this.#owner);
  }

  #store(owner: string): void {
    const forms = Object.entries(this.#drafts.peek()).map(([form, draft]) => {
      const { changes, revision, isPartial } = draft;
      const stored = changes.filter((change) => isStored(draft, change));
      return [form, { changes: stored, revision, isPartial: isPartial || stored.length < changes.length }];
    });
    this.#isRefused.value = false;
    if (forms.length === 0) {
      this.#storage.removeItem(storedAs);
      return;
    }
    try {
      this.#storage.setItem(storedAs, JSON.stringify({ owner, forms: Object.fromEntries(forms) }));
    } catch {
      // It is full, or the browser forbids it: the form works on. What it had is out of date.
      this.#storage.removeItem(storedAs);
      this.#isRefused.value = true;
    }
  }

  #storedOf(owner: string): Readonly<Record<string, MemoryDraft>> {
    const text = this.#storage.getItem(storedAs);
    // Only this class writes there.
    const stored = (text === null ? {} : JSON.parse(text)) as {
      readonly owner?: string;
      readonly forms?: Readonly<Record<string, KeptDraft>>;
    };
    if (stored.owner !== owner) return {};
    return Object.fromEntries(
      Object.entries(stored.forms ?? {}).map(([form, draft]) => [form, { ...draft, unstored: [] }]),
    );
  }
}

function isStored({ unstored }: MemoryDraft, [name, value]: FieldChange): boolean {
  return !unstored.includes(name) && !loginInAddress.test(JSON.stringify(value) ?? '');
}

/** What differs between what a form began with and what it holds now. */
export function changesBetween(before: object, now: object): readonly FieldChange[] {
  const [from, to] = [new Map(Object.entries(before)), new Map(Object.entries(now))];
  const names = [...new Set([...from.keys(), ...to.keys()])].filter(
    (name) => JSON.stringify(from.get(name)) !== JSON.stringify(to.get(name)),
  );
  return names.map((name) => (to.get(name) === undefined ? [name] : [name, to.get(name)]));
}
