import { useState } from 'react';
import { Icon } from '../ui/Icon.tsx';

const stored = 'gatehouse.theme';
const isDark = (theme: string | undefined): boolean =>
  theme === undefined ? matchMedia('(prefers-color-scheme: dark)').matches : theme === 'dark';

/** Applies the theme that this browser has chosen; without one, that of the system. */
export function applyTheme(): void {
  const theme = localStorage.getItem(stored);
  if (theme !== null) document.documentElement.dataset['theme'] = theme;
}

export function ThemeButton() {
  const [theme, setTheme] = useState(document.documentElement.dataset['theme']);
  const other = isDark(theme) ? 'light' : 'dark';
  const toggle = () => {
    document.documentElement.dataset['theme'] = other;
    localStorage.setItem(stored, other);
    setTheme(other);
  };
  return (
    <button
      type="button"
      className="btn plain icon"
      aria-label={`Use the ${other} theme`}
      title={`Use the ${other} theme`}
      onClick={toggle}
    >
      <Icon name={other === 'dark' ? 'moon' : 'sun'} />
    </button>
  );
}
