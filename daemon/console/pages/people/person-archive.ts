import type { ExportedLine } from '../../../contract/persons.js';
import { readLines } from '../../api/call.js';
import type en from '../../messages/en/person.json';
import { zipOf } from '../../parts/zip-file.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('person');

/** Everything that the box has of a person, as an archive for that person. @throws ApiError */
export async function archiveOf(id: string): Promise<Blob> {
  const files = new Map<string, Blob>();
  const lists = new Map<string, unknown[]>(
    ['templates', 'attendance', 'passages', 'corrections', 'evidence', 'audit'].map((name) => [name, []]),
  );
  const json = (path: string, value: unknown): void => {
    files.set(path, new Blob([`${JSON.stringify(value, undefined, 2)}\n`]));
  };
  files.set('README.txt', new Blob([`${t('archive-readme', { id })}\n`]));
  for await (const line of readLines('persons.export', { id })) {
    if (line.kind === 'person') json('person.json', line.person);
    const picture = pictureOf(line);
    if (picture !== undefined) files.set(...picture);
    const listed = listedOf(line);
    if (listed !== undefined) lists.get(listed[0])?.push(listed[1]);
  }
  for (const [name, list] of lists) json(`${name}.json`, list);
  return await zipOf(files);
}

function pictureOf(line: ExportedLine): readonly [path: string, jpeg: Blob] | undefined {
  if (line.kind !== 'photograph' && line.kind !== 'evidence') return undefined;
  const folder = line.kind === 'photograph' ? 'photographs' : 'evidence';
  const jpeg = Uint8Array.from(atob(line.jpegBase64), (byte) => byte.charCodeAt(0));
  return [`${folder}/${line.id}.jpg`, new Blob([jpeg])];
}

/** The list that a line belongs to, and what it adds. */
function listedOf(line: ExportedLine): readonly [list: string, item: unknown] | undefined {
  switch (line.kind) {
    case 'template': {
      const { kind: _, ...template } = line;
      return ['templates', template];
    }
    case 'evidence': {
      const { kind: _, jpegBase64: __, ...evidence } = line;
      return ['evidence', evidence];
    }
    case 'event':
      return ['attendance', line.event];
    case 'passage':
      return ['passages', line.passage];
    case 'correction':
      return ['corrections', line.correction];
    case 'audit-entry':
      return ['audit', line.entry];
    case 'person':
    case 'photograph':
      return undefined;
  }
}
