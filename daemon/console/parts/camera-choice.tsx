import { can } from '../api/session.js';
import { useFetched } from '../api/use-fetched.js';
import { Choice, Field } from './form-fields.js';

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

/** The cameras of the box, for choices, and their names. */
export interface Cameras {
  readonly all: readonly { readonly id: string; readonly name: string }[];
  /** The name of a camera; its id where the caller may not read names, and for one that is no longer there. */
  readonly nameOf: (id: string) => string;
}

export function useCameras(): Cameras {
  const { value: all = [] } = useFetched('cameras.list', {}, { isWanted: can('cameras:read') });
  const names = new Map(all.map(({ id, name }) => [id, name]));
  return { all, nameOf: (id) => names.get(id) ?? id };
}
