import { cameraSchema } from './camera-schema.js';
import { itemsOf } from './cross-checks.js';
import { type Judged, type JudgedFiles, judgeOwnFiles, type OwnFile, problemsAt } from './own-files.js';
import { valueAt } from './problem.js';
import { wholeFile } from './yaml-positions.js';
import { parseYaml } from './yaml-text.js';

/** The cameras that the box keeps itself: files with the settings of one camera each, with comments. */
export const cameraFiles = { noun: 'camera', folder: 'cameras.d', ending: '.yaml' } as const;

export const cameraIdsIn = (cameras: unknown): ReadonlySet<unknown> =>
  new Set(itemsOf(cameras).map(({ id }) => id));

/** `configured`: the cameras of the configuration file, as written there. Pure. */
export const judgeCameraFiles = (files: readonly OwnFile[], configured: unknown): JudgedFiles<unknown> =>
  judgeOwnFiles(files, 'camera', cameraIdsIn(configured), judge);

function judge(id: string, text: string): Judged<unknown> {
  const parsed = parseYaml(text);
  if (!('raw' in parsed)) return parsed;
  const { raw, positions } = parsed;
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw)) {
    const message = 'the file does not have the settings of a camera';
    const remedy = 'Write id, name and url into it, one on each line.';
    return { problems: [{ ...wholeFile, path: '', message, remedy }] };
  }
  const problems = problemsAt(['cameras', 0], cameraSchema, raw);
  if (problems.length > 0) {
    return {
      problems: problems.map((each) => ({ ...positions.of(each.path), ...each, path: each.path.join('.') })),
    };
  }
  const written = valueAt(raw, ['id']);
  if (written === id) return { item: raw };
  const remedy = `Name the file ${String(written)}${cameraFiles.ending}, or write id: ${id}.`;
  const message = 'is not the name of the file';
  return { problems: [{ ...positions.of(['id']), path: 'id', message, remedy }] };
}
