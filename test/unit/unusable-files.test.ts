import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reportUnusableFiles } from '../../daemon/core/conditions/unusable-files.js';

test('the condition files-unusable names what is wrong, leaves out what the configuration file has, and ends', () => {
  const heard: string[] = [];
  const conditions = {
    change: (condition: string, _: unknown, { active = [] }: { readonly active?: readonly string[] }) =>
      void heard.push(`${condition}: ${active.join(' ')}`),
    end: (condition: string) => void heard.push(`${condition} ends`),
  };
  const unusable = (...whys: readonly ('damaged' | 'lost' | 'repeated')[]) =>
    whys.map((why) => ({ path: '/data/file', why, problems: [] }));
  const report = (
    cameras: ReturnType<typeof unusable>,
    channels: typeof cameras,
    altered: readonly string[],
  ) =>
    reportUnusableFiles(
      conditions,
      { unusableCameraFiles: cameras, unusableChannelFiles: channels },
      altered,
    );
  report(unusable('lost', 'repeated'), unusable('damaged'), []);
  report([], [], ['guards']);
  report(unusable('repeated'), [], []);
  assert.deepEqual(heard, [
    'files-unusable: camera-lost channel-damaged',
    'files-unusable: channel-altered',
    'files-unusable ends',
  ]);
});
