import { signal } from '@preact/signals';

export const themes = ['system', 'light', 'dark'] as const;
type Theme = (typeof themes)[number];

const key = 'rollcall.theme';
const stored = localStorage.getItem(key);

/** What the user of this browser chose. */
export const theme = signal<Theme>(themes.find((each) => each === stored) ?? 'system');

const darkSystem = matchMedia('(prefers-color-scheme: dark)');

/** Shows the chosen theme. `data-theme` is always set, because both style sheets go by it. */
export function applyTheme(): void {
  const isDark = theme.value === 'dark' || (theme.value === 'system' && darkSystem.matches);
  document.documentElement.dataset['theme'] = isDark ? 'dark' : 'light';
}

export function chooseTheme(chosen: Theme): void {
  theme.value = chosen;
  localStorage.setItem(key, chosen);
  applyTheme();
}

darkSystem.addEventListener('change', applyTheme);
