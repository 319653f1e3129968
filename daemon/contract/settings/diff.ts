import { isDeepStrictEqual } from 'node:util';
import type { CameraId } from '../../kernel/ids.js';
import type { ReloadClass } from '../../kernel/reload-class.js';
import { allSettings, type Setting } from './json-schema.js';
import type { CameraConfig, Config } from './schema.js';

/** One difference between the running configuration and a new one. */
export type ConfigChange =
  | { readonly kind: 'camera-added'; readonly camera: CameraId }
  | { readonly kind: 'camera-removed'; readonly camera: CameraId }
  | {
      readonly kind: 'camera-changed';
      readonly camera: CameraId;
      readonly path: string;
      readonly reload: ReloadClass;
    }
  | { readonly kind: 'setting-changed'; readonly path: string; readonly reload: ReloadClass };

function read(from: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined,
    from,
  );
}

/** What a reload has to do. Cameras are identified by id; their order does not matter. */
export function diffConfig(before: Config, after: Config): readonly ConfigChange[] {
  const changes: ConfigChange[] = [];
  const old = new Map<CameraId, CameraConfig>(before.cameras.map((camera) => [camera.id, camera]));
  const now = new Map<CameraId, CameraConfig>(after.cameras.map((camera) => [camera.id, camera]));
  for (const camera of old.keys()) {
    if (!now.has(camera)) changes.push({ kind: 'camera-removed', camera });
  }
  for (const [camera, settings] of now) {
    const was = old.get(camera);
    if (was === undefined) changes.push({ kind: 'camera-added', camera });
    else changes.push(...cameraChanges(was, settings));
  }
  for (const { path, reload } of wholeSettings()) {
    if (isDeepStrictEqual(read(before, path), read(after, path))) continue;
    changes.push({ kind: 'setting-changed', path: path.join('.'), reload });
  }
  return changes;
}

/**
 * `after`, with the values of `before` for all settings that need a restart (`reload: 'restart'` in the schema). So the
 * configuration that is shown is the one that runs.
 */
export function keepRestartSettings(before: Config, after: Config): Config {
  return wholeSettings()
    .filter(({ reload }) => reload === 'restart')
    .reduce((kept, { path }) => withValue(kept, path, read(before, path)), after);
}

/** A copy of `section` with `value` at `path`; an undefined value removes the key. */
function withValue<Section extends object>(
  section: Section,
  path: readonly string[],
  value: unknown,
): Section {
  const [key, ...rest] = path;
  if (key === undefined) return section;
  const { [key]: old, ...others } = section as Record<string, unknown>;
  const inner = typeof old === 'object' && old !== null ? old : {};
  const replaced = rest.length === 0 ? value : withValue(inner, rest, value);
  return (replaced === undefined ? others : { ...others, [key]: replaced }) as Section;
}

/** All settings except those of cameras. A whole list is one setting. */
export function wholeSettings(): readonly Pick<Setting, 'path' | 'reload'>[] {
  const settings = new Map<string, Pick<Setting, 'path' | 'reload'>>();
  for (const { path, reload } of allSettings()) {
    if (path[0] === 'cameras') continue;
    const list = path.indexOf('[]');
    const whole = list < 0 ? path : path.slice(0, list);
    settings.set(whole.join('.'), { path: whole, reload });
  }
  return [...settings.values()];
}

function cameraChanges(before: CameraConfig, after: CameraConfig): ConfigChange[] {
  return allSettings()
    .filter(({ path }) => path[0] === 'cameras')
    .map(({ path, reload }) => ({ path: path.slice(2), reload }))
    .filter(({ path }) => !isDeepStrictEqual(read(before, path), read(after, path)))
    .map(({ path, reload }) => ({
      kind: 'camera-changed',
      camera: after.id,
      path: path.join('.'),
      reload,
    }));
}
