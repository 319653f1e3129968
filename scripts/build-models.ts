import { messageOf, RollcallError } from '../daemon/base/errors.js';
import { openModelStore } from '../daemon/models/store.js';

/** Converts the base models from the npm packages that ship their weights; `--force` converts them again. */
async function main(): Promise<void> {
  const store = await openModelStore();
  const statuses = await store.build({
    isForced: process.argv.includes('--force'),
    onProgress: ({ packId, done, total, step }) => {
      if (step !== 'converting') console.log(`[${done + 1}/${total}] ${packId}: ${step}`);
    },
  });
  console.log(`${statuses.length} model packs are ready`);
}

main().catch((error: unknown) => {
  console.error(`error: ${messageOf(error)}`);
  if (error instanceof RollcallError && error.remedy) console.error(`  what to do: ${error.remedy}`);
  process.exitCode = 1;
});
