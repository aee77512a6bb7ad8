import { useState } from 'react';
import { graphql } from 'react-relay/hooks';
import type { ThemeButtonMutation } from '../generated/ThemeButtonMutation.graphql.ts';
import { useAct } from '../relay/act.ts';
import { Icon } from '../ui/Icon.tsx';
import { applyTheme, isDark } from './theme.ts';

const save = graphql`
  mutation ThemeButtonMutation($input: UpdateMySettingsInput!) {
    updateMySettings(input: $input) {
      settings
    }
  }
`;

/** Switches between light and dark. The choice is one of the viewer's settings, so other browsers follow it. */
export function ThemeButton() {
  const { run } = useAct<ThemeButtonMutation>(save);
  const [, setCount] = useState(0);
  const other = isDark() ? 'light' : 'dark';
  const toggle = () => {
    applyTheme(other);
    setCount((before) => before + 1);
    void run({ settings: { theme: other } });
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
