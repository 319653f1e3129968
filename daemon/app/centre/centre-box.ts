import type { Actor } from '../../audit/actor.js';
import { type Clock, sleep } from '../../base/clock.js';
import type { ReloadResult } from '../../control/box-control.js';
import type { KeyControl, RotationStatus } from '../../control/key-control.js';
import {
  type CommandContext,
  type CommandHandlers,
  type CommandOutcome,
  failed,
} from '../../publish/commands/command-handlers.js';

export interface CentreBoxParts {
  readonly keys: KeyControl;
  /** Makes a new key of the box. */
  readonly rotateIdentity: (by: Actor) => Promise<{ readonly keyId: string; readonly formerKeyId: string }>;
  readonly reload: () => Promise<ReloadResult>;
  readonly clock: Clock;
}

/** How often it is looked how far a rotation is, milliseconds. */
const lookEveryMs = 1_000;

export function centreBox(
  parts: CentreBoxParts,
): Pick<CommandHandlers, 'rotate-keys' | 'reload-configuration'> {
  return {
    async 'rotate-keys'({ key, depth }, context) {
      if (key === 'gallery') return rotateGallery(parts, depth, context);
      const { keyId, formerKeyId } = await parts.rotateIdentity(context.by);
      return { outcome: 'done', result: { key, keyId, formerKeyId } };
    },

    async 'reload-configuration'() {
      const result = await parts.reload();
      const { outcome } = result;
      const changes = outcome === 'applied' ? result.changes.length : 0;
      const needRestart = outcome === 'applied' ? result.needRestart.length : 0;
      const problems = outcome === 'refused' ? result.problems.length : 0;
      return { outcome: 'done', result: { outcome, changes, needRestart, problems } };
    },
  };
}

/** Follows a rotation to its end. One that is cut short by a restart goes on by itself. */
async function rotateGallery(
  { keys, clock }: CentreBoxParts,
  depth: 'wrap' | 'deep',
  { by, progress, signal }: CommandContext,
): Promise<CommandOutcome<'rotate-keys'>> {
  let rotation: RotationStatus | undefined = await keys.rotate({ depth, input: {} }, by);
  const { fromKeyId, toKeyId } = rotation;
  while (rotation?.toKeyId === toKeyId && (rotation.state === 'running' || rotation.state === 'waiting')) {
    progress({ total: rotation.total, done: rotation.done });
    try {
      await sleep(clock, lookEveryMs, signal);
    } catch (error) {
      if (!signal.aborted) throw error;
      return failed('interrupted', 'the box stopped while it rotated the key; it goes on when it runs again');
    }
    rotation = keys.status().rotation;
  }
  if (rotation?.toKeyId === toKeyId && rotation.state === 'finished') {
    return { outcome: 'done', result: { key: 'gallery', keyId: toKeyId, formerKeyId: fromKeyId } };
  }
  return failed(rotation?.problem?.code ?? 'rotation-stopped', 'the rotation has not come to its end');
}
