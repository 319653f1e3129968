import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Caller } from '../../contract/caller.js';
import type { Handlers } from '../../contract/handlers.js';
import type { PassagesPreview, PreviewedPolicy, reportOperations } from '../../contract/reports.js';
import type { LocalTime } from '../../kernel/attendance/shift.js';
import type { CameraId, PersonId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { PassageOutcome } from '../../kernel/passage-outcome.js';
import type { Passage } from '../../kernel/passages/passage.js';
import {
  type PreviewContext,
  previewPassage,
  type SettingsInForce,
} from '../../kernel/passages/preview-passage.js';
import { standingOn } from '../../kernel/persons/person-standing.js';
import { present } from '../../kernel/present.js';
import type { ReadingTrail } from '../audit/reading-trail.js';
import type { Gallery } from '../gallery/gallery.js';
import type { PassageJournal } from './passage-journal.js';
import { camerasFor } from './recorded-passages.js';
import { type NameOf, personRef } from './shown-passage.js';

/** Passages that one query opens: a few milliseconds. */
const batchSize = 100;

export interface PolicyPreviewOptions {
  readonly journal: PassageJournal;
  readonly vault: { readonly gallery: () => Pick<Gallery, 'showPerson'> };
  /** The name of a person; undefined where there is none. */
  readonly nameOf: (id: string) => string | undefined;
  /** Writes into the audit log who reads a report. */
  readonly readings: Pick<ReadingTrail, 'note'>;
  readonly localTime: LocalTime;
  /** The settings in force that passages do not store. */
  readonly inForce: () => SettingsInForce;
}

type PreviewInput = Parameters<Handlers<typeof reportOperations>['reports.preview']>[0];
type PolicyAnswer = PassagesPreview['policies'][number];
interface Ended {
  readonly number: number;
  readonly passage: Passage;
}

/** @throws `gallery-sealed`; `forbidden` for a camera that the caller may not use */
export async function previewPolicies(
  { camera, last, policies }: PreviewInput,
  options: PolicyPreviewOptions,
  caller: Caller,
  signal: AbortSignal,
): Promise<PassagesPreview> {
  const { journal, vault, nameOf, readings, localTime, inForce } = options;
  const cameraIds = camerasFor(camera, caller);
  const gallery = vault.gallery();
  const { ended, unreadable } = await lastEnded(journal, { last, ...present({ cameraIds }) }, signal);
  const context: PreviewContext = {
    inForce: inForce(),
    standingOf: (id, atMs) => standingOn(gallery.showPerson(id)?.profile ?? {}, localTime.at(atMs).date),
  };
  const named: NameOf = (id) => (caller.scopes.has('names:read') ? nameOf(id) : undefined);
  const answers: PolicyAnswer[] = [];
  for (const policy of policies) answers.push(await previewOf(policy, ended, context, named));
  const { actor, origin } = caller;
  const details = { passages: ended.length, policies: policies.length, ...present({ camera }) };
  readings.note({ by: { actor, origin }, action: 'passage.reported', details });
  const startOf = (of: Ended | undefined) => of && isoTime(of.passage.startedAtMs);
  return {
    ...{ passages: ended.length, unreadable },
    ...present({ from: startOf(ended.at(-1)), to: startOf(ended[0]) }),
    recorded: tally(ended.map(({ passage }) => passage.outcome)),
    policies: answers,
  };
}

/** The newest ended passages, the newest first. */
async function lastEnded(
  journal: Pick<PassageJournal, 'list'>,
  { last, cameraIds }: { readonly last: number; readonly cameraIds?: readonly CameraId[] },
  signal: AbortSignal,
): Promise<{ readonly ended: readonly Ended[]; readonly unreadable: number }> {
  const ended: Ended[] = [];
  let unreadable = 0;
  let beforeNumber: number | undefined;
  while (ended.length < last && !signal.aborted) {
    const found = journal.list({ ...present({ cameraIds, beforeNumber }), limit: batchSize });
    for (const { number, passage } of found.toReversed()) {
      if (passage === undefined) unreadable += 1;
      else if (passage.end !== undefined && ended.length < last) ended.push({ number, passage });
    }
    if (found.length < batchSize) break;
    beforeNumber = found[0]?.number;
    await nextTurn();
  }
  return { ended, unreadable };
}

async function previewOf(
  policy: PreviewedPolicy,
  passages: readonly Ended[],
  context: PreviewContext,
  nameOf: NameOf,
): Promise<PolicyAnswer> {
  const changed: PolicyAnswer['changed'][number][] = [];
  const unknown: PolicyAnswer['unknown'][number][] = [];
  const outcomes: PassageOutcome[] = [];
  const decided = ({
    outcome,
    reason,
    personId,
  }: Pick<Passage, 'outcome' | 'reason'> & { readonly personId?: PersonId }) => ({
    ...{ outcome, reason },
    ...present({ person: personId && personRef(personId, nameOf) }),
  });
  for (const [index, { number, passage }] of passages.entries()) {
    // A policy that names other persons reads each of them from the gallery. Another rate looks for blinks again: some milliseconds.
    if (index % batchSize === 0 || policy.provingFps !== undefined) await nextTurn();
    const { id, cameraId, startedAtMs } = passage;
    const preview = previewPassage(passage, present(policy), context);
    const about = {
      number,
      id,
      camera: cameraId,
      startedAt: isoTime(startedAtMs),
      recorded: decided(passage),
    };
    if (preview.kind === 'unknown') {
      unknown.push({ ...about, doubt: preview.doubt });
      continue;
    }
    outcomes.push(preview.outcome);
    if (preview.kind === 'changed') changed.push({ ...about, wouldBe: decided(preview) });
  }
  return { policy, byOutcome: tally(outcomes), changed, unknown };
}

function tally(outcomes: readonly PassageOutcome[]): PassagesPreview['recorded'] {
  const counts: Partial<Record<PassageOutcome, number>> = {};
  for (const outcome of outcomes) counts[outcome] = (counts[outcome] ?? 0) + 1;
  return counts;
}
