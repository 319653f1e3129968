import type { KeyRotation } from '../../contract/keys.js';
import type { ReloadResult } from '../../contract/status.js';
import type { Actor } from '../../kernel/actor.js';
import { type Clock, sleep } from '../../kernel/clock.js';
import type { GalleryKeys } from '../gallery/gallery-keys.js';
import {
  type CommandContext,
  type CommandHandlers,
  type CommandOutcome,
  failed,
} from './command-handlers.js';
import { callOf, inputOf, type OperationsBehind } from './command-operations.js';

export interface UpkeepCommandOptions {
  readonly operations: OperationsBehind<'rotate-keys'>;
  readonly keys: Pick<GalleryKeys, 'status'>;
  /** Makes a new key of the box. */
  readonly rotateIdentity: (by: Actor) => Promise<{ readonly keyId: string; readonly formerKeyId: string }>;
  readonly reload: () => Promise<ReloadResult>;
  readonly clock: Clock;
}

/** How often the progress of a rotation is checked, milliseconds. */
const checkEveryMs = 1_000;

/** Commands that rotate keys and reload the configuration. */
export function upkeepCommands(
  options: UpkeepCommandOptions,
): Pick<CommandHandlers, 'rotate-keys' | 'reload-configuration'> {
  return {
    async 'rotate-keys'({ key, depth }, context) {
      if (key === 'gallery') return rotateGallery(options, depth, context);
      const { keyId, formerKeyId } = await options.rotateIdentity(context.by);
      return { outcome: 'done', result: { key, keyId, formerKeyId } };
    },

    async 'reload-configuration'() {
      const result = await options.reload();
      const { outcome } = result;
      const changes = outcome === 'applied' ? result.changes.length : 0;
      const needRestart = outcome === 'applied' ? result.needRestart.length : 0;
      const problems = outcome === 'refused' ? result.problems.length : 0;
      return { outcome: 'done', result: { outcome, changes, needRestart, problems } };
    },
  };
}

/** Rotates the key of the gallery and waits until it is done. After a restart, a rotation continues by itself. */
async function rotateGallery(
  { operations, keys, clock }: UpkeepCommandOptions,
  depth: 'wrap' | 'deep',
  context: CommandContext,
): Promise<CommandOutcome<'rotate-keys'>> {
  const { progress, signal } = context;
  const rotate = operations['keys.rotate'];
  let rotation: KeyRotation | undefined = await rotate(
    inputOf('rotate-keys', { depth }),
    callOf('keys', context),
  );
  const { fromKeyId, toKeyId } = rotation;
  while (rotation?.toKeyId === toKeyId && (rotation.state === 'running' || rotation.state === 'waiting')) {
    progress({ total: rotation.total, done: rotation.done });
    try {
      await sleep(clock, checkEveryMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      return failed(
        'interrupted',
        'the box stopped during the rotation of the key; the rotation continues when the box runs again',
      );
    }
    rotation = keys.status().rotation;
  }
  if (rotation?.toKeyId === toKeyId && rotation.state === 'finished') {
    return { outcome: 'done', result: { key: 'gallery', keyId: toKeyId, formerKeyId: fromKeyId } };
  }
  return failed(
    rotation?.problem?.code ?? 'rotation-stopped',
    'the rotation of the key stopped before its end',
  );
}
