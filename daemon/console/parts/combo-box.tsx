import { useSignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { Labelled } from './form-fields.js';

/** Options that belong together. */
export interface OptionGroup<Item> {
  /** Absent: the options need no heading. */
  readonly title?: string;
  readonly items: readonly Item[];
}

interface ComboBoxProps<Item> {
  readonly label: string;
  /** What is in the field. */
  readonly value: string;
  readonly onValue: (text: string) => void;
  readonly groups: readonly OptionGroup<Item>[];
  readonly keyOf: (item: Item) => string;
  readonly show: (item: Item) => ComponentChildren;
  readonly onChoose: (item: Item) => void;
  /** Whether the options are shown. */
  readonly isOpen: boolean;
  /** Called when the user presses Escape, or leaves the field. Absent: the options stay. */
  readonly onClose?: () => void;
  /** What is said of the options, such as that there are none. */
  readonly status: string;
}

/**
 * A field that offers options for what one types (ARIA: an editable combobox with list autocomplete). The focus stays in the field;
 * the arrow keys choose among the options, the first of which is chosen until then, and Enter takes it.
 */
export function ComboBox<Item>(props: ComboBoxProps<Item>) {
  const { label, value, onValue, groups, keyOf, show, onChoose, isOpen, onClose, status } = props;
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  /** The option that the user has gone to, of those for a text: it stays the same one when others come before it. */
  const chosen = useSignal<{ readonly text: string; readonly key: string } | undefined>(undefined);
  const items = isOpen ? groups.flatMap((group) => group.items) : [];
  const wanted = chosen.value?.text === value ? chosen.value.key : undefined;
  const place = items.findIndex((item) => keyOf(item) === wanted);
  const at = Math.max(0, place);
  useEffect(() => {
    if (place === -1 && chosen.value?.key === wanted) chosen.value = undefined;
  }, [wanted, place]);
  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [at, isOpen]);
  const press = (event: KeyboardEvent): void => {
    const item = items[at];
    // Enter ends the composition of a letter first.
    if (item === undefined || event.isComposing) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const next = step && items[(at + step + items.length) % items.length];
    if (next) chosen.value = { text: value, key: keyOf(next) };
    else if (event.key === 'Enter') onChoose(item);
    else if (event.key === 'Escape' && onClose !== undefined) onClose();
    else return;
    event.preventDefault();
  };
  const optionId = (item: Item): string => `${id}-${keyOf(item)}`;
  const current = items[at];
  return (
    <div class="combo">
      <Labelled label={label}>
        {(attributes) => (
          <input
            {...attributes}
            // A search field has a button that clears it, and takes Escape for that, which here closes the options, or the dialog
            // around them. As in `Field`: the type decides about the roles that are allowed.
            type={(onClose === undefined ? 'text' : 'search') as 'text'}
            role="combobox"
            autocomplete="off"
            spellcheck={false}
            value={value}
            aria-autocomplete="list"
            aria-expanded={items.length > 0}
            aria-controls={`${id}-options`}
            {...(current !== undefined && { 'aria-activedescendant': optionId(current) })}
            onInput={(event) => onValue(event.currentTarget.value)}
            onKeyDown={press}
            onBlur={() => onClose?.()}
          />
        )}
      </Labelled>
      <div class="options" data-open={isOpen}>
        <div ref={list} id={`${id}-options`} role="listbox" aria-label={label} hidden={items.length === 0}>
          {groups.map(
            (group, index) =>
              isOpen &&
              group.items.length > 0 && (
                // biome-ignore lint/a11y/useSemanticElements: options may not lie in a fieldset.
                <div key={index} role="group" {...(group.title && { 'aria-labelledby': `${id}-${index}` })}>
                  {group.title && (
                    <p id={`${id}-${index}`} class="quiet" role="presentation">
                      {group.title}
                    </p>
                  )}
                  {group.items.map((item) => (
                    // biome-ignore lint/a11y/useFocusableInteractive: the focus stays in the field, which names the option.
                    // biome-ignore lint/a11y/useKeyWithClickEvents: the field hears the keys.
                    <div
                      key={keyOf(item)}
                      id={optionId(item)}
                      role="option"
                      aria-selected={item === current}
                      // The field keeps the focus.
                      onMouseDown={(event) => event.preventDefault()}
                      onClick={() => onChoose(item)}
                    >
                      {show(item)}
                    </div>
                  ))}
                </div>
              ),
          )}
        </div>
        <p class="quiet" role="status">
          {isOpen && status}
        </p>
      </div>
    </div>
  );
}
