import { wipe } from '../../../host/sodium.js';
import type { Embedding } from '../../../kernel/identification/match.js';
import type { PersonId } from '../../../kernel/ids.js';
import type { Gallery } from '../gallery.js';
import { decodeTemplate } from './load-templates.js';

/** The templates of a person for the recogniser in use: copies, which are overwritten when the scope that holds them by `using` ends. */
export class PersonReferences implements Disposable {
  readonly templates: readonly { readonly id: string; readonly embedding: Embedding }[];

  constructor(gallery: Pick<Gallery, 'readTemplates' | 'recogniser'>, id: PersonId) {
    this.templates = gallery.readTemplates(id).flatMap(({ id: template, recogniser, bytes }) => {
      const isInUse = recogniser === gallery.recogniser;
      const copies = isInUse ? [{ id: template, embedding: decodeTemplate(bytes).slice() }] : [];
      wipe(bytes);
      return copies;
    });
  }

  get embeddings(): readonly Embedding[] {
    return this.templates.map(({ embedding }) => embedding);
  }

  [Symbol.dispose](): void {
    for (const { embedding } of this.templates) embedding.fill(0);
  }
}
