import { can } from '../api/session.js';
import { Choice, Field } from './field.js';
import type { Cameras } from './use-cameras.js';

interface CameraChoiceProps {
  readonly label: string;
  /** What stands for all cameras. */
  readonly any: string;
  readonly cameras: Cameras;
  readonly value: string;
  readonly onValue: (camera: string) => void;
}

/** Chooses a camera by name. A user who may not list cameras types an id. */
export function CameraChoice({ label, any, cameras, value, onValue }: CameraChoiceProps) {
  // The cameras may still be on their way: a field must not turn into a choice below the hand of the user.
  if (!can('cameras:read')) return <Field label={label} value={value} onValue={onValue} />;
  const named = cameras.all.map(({ id, name }) => [id, name] as const);
  // An address can name a camera that is no longer there.
  const gone = value === '' || cameras.all.some(({ id }) => id === value) ? [] : [[value, value] as const];
  return <Choice label={label} value={value} options={[['', any], ...named, ...gone]} onValue={onValue} />;
}
