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

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly type?: InputType;
  readonly hint?: ComponentChildren;
  /** Why the value cannot be used. */
  readonly wrong?: string | undefined;
  readonly name?: string;
  readonly autocomplete?: string;
  readonly autocapitalize?: 'none' | 'words' | 'sentences' | 'characters';
  readonly spellcheck?: boolean;
  readonly required?: boolean;
  readonly disabled?: boolean;
  readonly placeholder?: string;
  readonly inputMode?: 'numeric' | 'decimal' | 'text';
  readonly min?: string | number;
  readonly max?: string | number;
  readonly step?: string | number;
  readonly maxLength?: number;
}

/** A labelled field with its hint and what is wrong with it. */
export function Field({ label, value, onValue, type = 'text', hint, wrong, ...others }: FieldProps) {
  const id = useId();
  const described = [hint !== undefined && `${id}-hint`, wrong !== undefined && `${id}-wrong`]
    .filter(Boolean)
    .join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        {...others}
        id={id}
        // The type of an input decides about its roles, which this field has none of.
        type={type as 'text'}
        value={value}
        onInput={(event) => onValue(event.currentTarget.value)}
        {...(described !== '' && { 'aria-describedby': described })}
        {...(wrong !== undefined && { 'aria-invalid': true })}
      />
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

interface AreaProps {
  readonly label: string;
  readonly value: string;
  readonly onValue: (value: string) => void;
  readonly hint?: ComponentChildren;
  readonly rows?: number;
  readonly maxLength?: number;
}

/** A labelled field of several lines. */
export function Area({ label, value, onValue, hint, rows = 3, maxLength }: AreaProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <textarea
        id={id}
        rows={rows}
        value={value}
        {...(maxLength !== undefined && { maxLength })}
        onInput={(event) => onValue(event.currentTarget.value)}
        {...(hint !== undefined && { 'aria-describedby': `${id}-hint` })}
      />
      {hint !== undefined && (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      )}
    </div>
  );
}

interface ChoiceProps<Value extends string> {
  readonly label: string;
  readonly value: Value;
  readonly options: readonly (readonly [value: Value, text: string])[];
  readonly onValue: (value: Value) => void;
  readonly hint?: ComponentChildren;
  readonly disabled?: boolean;
}

/** A labelled choice of one value. */
export function Choice<Value extends string>({
  label,
  value,
  options,
  onValue,
  hint,
  disabled,
}: ChoiceProps<Value>) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        disabled={disabled ?? false}
        onChange={(event) => {
          const chosen = options.find(([each]) => each === event.currentTarget.value);
          if (chosen !== undefined) onValue(chosen[0]);
        }}
        {...(hint !== undefined && { 'aria-describedby': `${id}-hint` })}
      >
        {options.map(([each, text]) => (
          <option key={each} value={each}>
            {text}
          </option>
        ))}
      </select>
      {hint !== undefined && (
        <small id={`${id}-hint`} class="hint">
          {hint}
        </small>
      )}
    </div>
  );
}

/** A labelled tick. */
export function Tick({
  label,
  isOn,
  onChange,
  disabled,
}: {
  readonly label: ComponentChildren;
  readonly isOn: boolean;
  readonly onChange: (isOn: boolean) => void;
  readonly disabled?: boolean;
}) {
  return (
    <label class="tick">
      <input
        type="checkbox"
        checked={isOn}
        disabled={disabled ?? false}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      <span>{label}</span>
    </label>
  );
}

/** Value and change of a field that writes into a signal: `<Field label={…} {...bound(name)} />`. */
export function bound<Value>(signal: Signal<Value>): {
  readonly value: Value;
  readonly onValue: (value: Value) => void;
} {
  return {
    value: signal.value,
    onValue: (value) => {
      signal.value = value;
    },
  };
}
