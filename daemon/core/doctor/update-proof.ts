import { z } from 'zod';
import type { BoxStatus } from '../../contract/status.js';
import { verbatim } from '../../kernel/said.js';
import { doctor, type Finding, finding, ok, saidOf } from './finding.js';

/** What the box did before an update, which the new version must do as well. Later versions read it, so fields are only added. */
export const updateNote = z.object({
  isGalleryOpen: z.boolean(),
  /** Cameras that delivered frames which were analysed. */
  cameras: z.array(z.string()).readonly(),
  /** Whether the broker was connected, and took events about the box. */
  isBrokerReached: z.boolean(),
  doesGateAnswer: z.boolean(),
});
export type UpdateNote = z.infer<typeof updateNote>;

/** Of a box whose former version did not answer: nothing can be compared. */
export const emptyNote: UpdateNote = {
  isGalleryOpen: false,
  cameras: [],
  isBrokerReached: false,
  doesGateAnswer: false,
};

type Seen = Pick<BoxStatus, 'gallery' | 'cameras' | 'broker' | 'events'>;

/** The event that a box records at each start, `box.changed` with the condition `running`: nobody's attendance. */
const startEvent = 'box';

/** `gate`: what {@link gateFindings} found; empty where the gate is disabled. */
export function noteOf({ gallery, cameras, broker }: Seen, gate: readonly Finding[]): UpdateNote {
  return {
    isGalleryOpen: gallery.state === 'open',
    cameras: cameras.filter(isAnalysed).map(({ id }) => id),
    isBrokerReached: broker.state === 'connected' && !(broker.heldKinds ?? []).includes(startEvent),
    doesGateAnswer: gate.some(({ outcome }) => outcome === 'ok'),
  };
}

/** Counters begin anew with the vision process, so after an update they count its own frames. */
const isAnalysed = ({ state, damage, counters }: BoxStatus['cameras'][number]): boolean =>
  state === 'streaming' && damage === undefined && (counters['analysed'] ?? 0) > 0;

/**
 * Compares the box with what it did before an update: one finding for each thing that it must do, `failed` for what it does not do yet.
 * What failed before does not count.
 */
export function proofOf(note: UpdateNote, status: Seen, gate: readonly Finding[]): readonly Finding[] {
  return [
    ...(note.isGalleryOpen ? [galleryProof(status.gallery)] : []),
    ...note.cameras.map((id) => cameraProof(id, status.cameras)),
    eventProof(note, status),
    ...(note.doesGateAnswer ? gate.map(gateProof) : []),
  ];
}

function galleryProof(gallery: Seen['gallery']): Finding {
  const check = doctor('check-gallery');
  if (gallery.state === 'open') return ok(check, doctor('proof-gallery'));
  if (gallery.keyProvider === 'passphrase') return ok(check, doctor('proof-gallery-passphrase'));
  const { message: why, remedy } = saidOf({ message: 'opening', ...gallery });
  return finding(check, 'failed', { message: doctor('gallery-sealed', { why }), remedy });
}

function cameraProof(id: string, cameras: Seen['cameras']): Finding {
  const check = doctor('check-camera', { id });
  const camera = cameras.find((each) => each.id === id);
  const remedy = doctor('remedy-camera-without-frames', { id });
  if (camera === undefined)
    return finding(check, 'failed', { message: doctor('proof-camera-absent'), remedy });
  if (isAnalysed(camera)) return ok(check, doctor('proof-camera'));
  if (camera.damage !== undefined) return finding(check, 'failed', saidOf(camera.damage));
  if (camera.message !== undefined) return finding(check, 'failed', saidOf(camera));
  const message = doctor('camera-without-frames', { state: doctor(`camera-${camera.state}`) });
  return finding(check, 'failed', { message, remedy });
}

function eventProof({ isBrokerReached }: UpdateNote, { events, broker }: Seen): Finding {
  const check = doctor('check-events');
  const isTaken = (broker.takenKinds ?? []).includes(startEvent);
  if (events.recorded > 0 && isTaken) return ok(check, doctor('proof-event-accepted'));
  if (events.recorded > 0 && !isBrokerReached) return ok(check, doctor('proof-event-recorded'));
  if (events.recorded === 0)
    return finding(check, 'failed', {
      message: doctor('proof-event-none'),
      remedy: doctor('remedy-proof-event-none'),
    });
  const state =
    broker.message === undefined ? doctor(`broker-${broker.state.replaceAll(' ', '-')}`) : undefined;
  const why = state ?? verbatim(broker.message ?? '');
  return finding(check, 'failed', {
    message: doctor('proof-event-waiting', { why }),
    remedy: doctor('remedy-proof-event-waiting'),
  });
}

const gateProof = ({ outcome, says, ...shown }: Finding): Finding => ({
  ...shown,
  says,
  outcome: outcome === 'ok' ? 'ok' : 'failed',
});
