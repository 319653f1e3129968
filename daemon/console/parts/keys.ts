import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';

/** A key, and what it does. */
export interface Key {
  /** As `KeyboardEvent.key` names it. */
  readonly key: string;
  /** True: with Ctrl, or with Cmd on a Mac. Such a key works in fields as well, and cannot be switched off. */
  readonly isCommand?: boolean;
  readonly text: string;
  /** False: the key does nothing now, and the overview leaves it out. */
  readonly isOffered?: boolean;
  /** True: held down, the key does it once. */
  readonly isOnce?: boolean;
  readonly onPress: () => void;
}

/** The keys of the console, or of a part of the page. */
export interface KeyGroup {
  readonly title: string;
  readonly keys: readonly Key[];
}

const isMac = navigator.platform.startsWith('Mac');
const groups = new Set<{ readonly current: KeyGroup }>();
const storedAs = 'rollcall.keys';

/** Whether keys without Ctrl work. A user who speaks to the computer can switch them off: a word would press many (WCAG 2.1.4). */
export const areKeysOn = signal(localStorage.getItem(storedAs) !== 'off');

export function switchKeys(isOn: boolean): void {
  areKeysOn.value = isOn;
  localStorage.setItem(storedAs, isOn ? 'on' : 'off');
}

/** The keys that work now, in the order in which their parts were shown. The overview is made of them. */
export function keysNow(): readonly KeyGroup[] {
  const byTitle = new Map<string, readonly Key[]>();
  for (const { current } of groups) {
    const offered = current.keys.filter(({ isOffered }) => isOffered !== false);
    byTitle.set(current.title, [...(byTitle.get(current.title) ?? []), ...offered]);
  }
  return [...byTitle].map(([title, keys]) => ({ title, keys })).filter(({ keys }) => keys.length > 0);
}

/** Offers keys while the caller is shown, wherever the focus is. `title`: what they belong to. */
export function useKeys(title: string, keys: readonly Key[]): void {
  const group = useRef<KeyGroup>({ title, keys });
  group.current = { title, keys };
  useEffect(() => {
    groups.add(group);
    return () => {
      groups.delete(group);
    };
  }, []);
}

/** Hears the keys of the window, until the caller of what it returns has enough. */
export function watchKeys(): () => void {
  document.addEventListener('keydown', press);
  return () => document.removeEventListener('keydown', press);
}

function press(event: KeyboardEvent): void {
  const { target, ctrlKey, metaKey, altKey } = event;
  const isCommand = isMac ? metaKey : ctrlKey;
  const isOther = altKey || (isMac ? ctrlKey : metaKey);
  if (event.defaultPrevented || event.isComposing || isOther) return;
  // A dialog has the user's attention. What it hides must not change.
  if (document.querySelector('dialog[open]') !== null) return;
  if (!isCommand && (!areKeysOn.value || isField(target))) return;
  // With Caps Lock, a letter is still the same key.
  const pressed = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const found = [...groups]
    .flatMap(({ current }) => current.keys)
    .findLast(
      (each) => each.key === pressed && each.isOffered !== false && isCommand === (each.isCommand ?? false),
    );
  if (found === undefined) return;
  event.preventDefault();
  if (!event.repeat || found.isOnce !== true) found.onPress();
}

/** True where a key is a letter of what the user enters. */
const isField = (target: EventTarget | null): boolean =>
  target instanceof Element && target.closest('input, textarea, select, [contenteditable]') !== null;

const printed: Readonly<Record<string, string>> = { ArrowLeft: '←', ArrowRight: '→' };

/** What is printed on the keys that one presses together. */
export const namesOf = ({ key, isCommand }: Key): readonly string[] => [
  ...(isCommand === true ? [isMac ? '⌘' : 'Ctrl'] : []),
  isCommand === true ? key.toUpperCase() : (printed[key] ?? key),
];
