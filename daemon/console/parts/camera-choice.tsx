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

/** Chooses a camera by name. Who may not list cameras types an id. */
export function CameraChoice({ label, any, cameras, value, onValue }: CameraChoiceProps) {
  if (cameras.all.length === 0) return <Field label={label} value={value} onValue={onValue} />;
  const named = cameras.all.map(({ id, name }) => [id, name] as const);
  // An address can name a camera that is no longer there.
  const gone = value === '' || cameras.all.some(({ id }) => id === value) ? [] : [[value, value] as const];
  return <Choice label={label} value={value} options={[['', any], ...named, ...gone]} onValue={onValue} />;
}
