import type { Signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

type InputType =
  | 'text'
  | 'password'
  | 'search'
  | 'number'
  | 'date'
  | 'time'
  | 'datetime-local'
  | 'url'
  | 'email';

/** What the user reads around a control. */
interface LabelProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  /** Why the value cannot be used. */
  readonly wrong?: string | undefined;
}

interface LabelledProps extends LabelProps {
  /** Draws the control with the attributes that tie it to the texts. */
  readonly children: (attributes: { readonly id: string }) => ComponentChildren;
}

/** A control with its label, its hint, and what is wrong with it. */
export function Labelled({ label, hint, wrong, children }: LabelledProps) {
  const id = useId();
  const described = [hint !== undefined && `${id}-hint`, wrong !== undefined && `${id}-wrong`]
    .filter(Boolean)
    .join(' ');
  const attributes = {
    id,
    ...(described !== '' && { 'aria-describedby': described }),
    ...(wrong !== undefined && { 'aria-invalid': true }),
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(attributes)}
      {hint !== undefined && (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      )}
      {wrong !== undefined && (
        <small id={`${id}-wrong`} class="wrong" role="alert">
          {wrong}
        </small>
      )}
    </div>
  );
}

interface TextProps extends LabelProps {
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly autocomplete?: string;
  readonly autocapitalize?: 'none' | 'words' | 'sentences' | 'characters';
  readonly spellcheck?: boolean;
  readonly required?: boolean;
  readonly maxLength?: number;
}

interface FieldProps extends TextProps {
  readonly type?: InputType;
  readonly name?: string;
  readonly disabled?: boolean;
  readonly placeholder?: string;
  readonly inputMode?: 'numeric' | 'decimal' | 'text';
  readonly min?: string | number;
  readonly max?: string | number;
  readonly step?: string | number;
}

/** A labelled field of one line. */
export function Field({ label, hint, wrong, type = 'text', onValue, ...others }: FieldProps) {
  return (
    <Labelled {...{ label, hint, wrong }}>
      {(attributes) => (
        <input
          {...others}
          {...attributes}
          // The type of an input decides about its roles, which this field has none of.
          type={type as 'text'}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      )}
    </Labelled>
  );
}

/** A labelled field of several lines. */
export function Area({
  label,
  hint,
  wrong,
  rows = 3,
  onValue,
  ...others
}: TextProps & { readonly rows?: number }) {
  return (
    <Labelled {...{ label, hint, wrong }}>
      {(attributes) => (
        <textarea
          {...others}
          {...attributes}
          rows={rows}
          onInput={(event) => onValue(event.currentTarget.value)}
        />
      )}
    </Labelled>
  );
}

interface FilesProps extends LabelProps {
  readonly onFiles: (files: readonly File[]) => void;
  readonly accept?: string;
  readonly multiple?: boolean;
  readonly required?: boolean;
  readonly disabled?: boolean;
  /** True: a folder is chosen, with all that is in it. */
  readonly isFolder?: boolean;
}

/** A labelled choice of files. */
export function Files({ label, hint, wrong, onFiles, isFolder = false, ...others }: FilesProps) {
  return (
    <Labelled {...{ label, hint, wrong }}>
      {(attributes) => (
        <input
          {...others}
          {...attributes}
          type="file"
          {...(isFolder && { webkitdirectory: true })}
          onChange={({ currentTarget: { files } }) => onFiles([...(files ?? [])])}
        />
      )}
    </Labelled>
  );
}

/** What can be chosen: a value with its text. */
type Options<Value extends string, Text = string> = readonly (readonly [value: Value, text: Text])[];

interface ChoiceProps<Value extends string> extends LabelProps {
  readonly value: Value;
  readonly options: Options<Value>;
  readonly onValue: (value: Value) => void;
  readonly disabled?: boolean;
}

/** A labelled choice of one value. */
export function Choice<Value extends string>(props: ChoiceProps<Value>) {
  const { label, hint, wrong, value, options, onValue, disabled = false } = props;
  return (
    <Labelled {...{ label, hint, wrong }}>
      {(attributes) => (
        <select
          {...{ ...attributes, value, disabled }}
          onChange={(event) => {
            const chosen = options.find(([each]) => each === event.currentTarget.value);
            if (chosen !== undefined) onValue(chosen[0]);
          }}
        >
          {options.map(([each, text]) => (
            <option key={each} value={each}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Labelled>
  );
}

interface RadiosProps<Value extends string> {
  readonly legend: string;
  readonly value: Value;
  readonly options: Options<Value>;
  readonly onValue: (value: Value) => void;
}

/** A choice of one value, with all of them in view. */
export function Radios<Value extends string>({ legend, value, options, onValue }: RadiosProps<Value>) {
  const name = useId();
  return (
    <fieldset>
      <legend>{legend}</legend>
      {options.map(([each, text]) => (
        <label key={each} class="tick">
          <input type="radio" name={name} checked={value === each} onChange={() => onValue(each)} />
          <span>{text}</span>
        </label>
      ))}
    </fieldset>
  );
}

interface TickProps {
  readonly label: ComponentChildren;
  readonly value: boolean;
  readonly onValue: (isOn: boolean) => void;
  readonly disabled?: boolean;
}

/** A labelled tick. */
export function Tick({ label, value, onValue, disabled = false }: TickProps) {
  return (
    <label class="tick">
      <input
        type="checkbox"
        checked={value}
        disabled={disabled}
        onChange={(event) => onValue(event.currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  );
}

interface TicksProps<Value extends string> {
  readonly options: Options<Value, ComponentChildren>;
  readonly chosen: readonly Value[];
  readonly onChange: (chosen: readonly Value[]) => void;
}

/** A tick for each of these values. */
export function Ticks<Value extends string>({ options, chosen, onChange }: TicksProps<Value>) {
  return (
    <div class="ticks">
      {options.map(([each, label]) => (
        <Tick
          key={each}
          label={label}
          value={chosen.includes(each)}
          onValue={(isOn) => onChange(toggled(chosen, each, isOn))}
        />
      ))}
    </div>
  );
}

/** What is chosen after a tick was set or taken away. */
export function toggled<Value>(chosen: Iterable<Value>, value: Value, isOn: boolean): readonly Value[] {
  const others = [...chosen].filter((each) => each !== value);
  return isOn ? [...others, value] : others;
}

/** Puts what it is called with into a signal: `onChoose={into(person)}`. */
export const into =
  <Value,>(signal: Signal<Value>) =>
  (value: Value): void => {
    signal.value = value;
  };

/** Value and change of a field that writes into a signal: `<Field label={…} {...bound(name)} />`. */
export const bound = <Value,>(
  signal: Signal<Value>,
): { readonly value: Value; readonly onValue: (value: Value) => void } => ({
  value: signal.value,
  onValue: into(signal),
});
