// Names places in the sources where a text names places in the bundles of tests, as the stack of a failed test does.
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';

const placeInBundle = /(?:file:\/\/)?([^\s()'"]*dist\/tests\/[^\s()'":]+\.js):(\d+):(\d+)/g;

/** The same text; a place without a map stays as it is. `root`: the checkout, in which relative paths lie. */
export function inSources(text, root) {
  const maps = new Map();
  const mapOf = (bundle) => {
    if (!maps.has(bundle)) {
      const path = `${bundle}.map`;
      maps.set(bundle, existsSync(path) ? new SourceMap(JSON.parse(readFileSync(path, 'utf8'))) : undefined);
    }
    return maps.get(bundle);
  };
  return text.replace(placeInBundle, (place, path, line, column) => {
    const bundle = resolve(root, path);
    const { originalSource, originalLine, originalColumn } =
      mapOf(bundle)?.findEntry(Number(line) - 1, Number(column) - 1) ?? {};
    if (originalSource === undefined) return place;
    const source = relative(root, join(dirname(bundle), originalSource));
    return `${source}:${originalLine + 1}:${originalColumn + 1}`;
  });
}
