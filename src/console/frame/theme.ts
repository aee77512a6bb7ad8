const stored = 'gatehouse.theme';
type Theme = 'light' | 'dark' | 'system';

/** Applies a theme to the page, and keeps it for the next time in this browser, before the settings are known. */
export function applyTheme(theme: Theme = (localStorage.getItem(stored) as Theme | null) ?? 'system'): void {
  const { dataset } = document.documentElement;
  if (theme === 'system') {
    delete dataset['theme'];
    localStorage.removeItem(stored);
  } else {
    dataset['theme'] = theme;
    localStorage.setItem(stored, theme);
  }
}

export const isDark = (): boolean => {
  const theme = document.documentElement.dataset['theme'];
  return theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';
};
