import '@fontsource-variable/inter';
import '@fontsource-variable/jetbrains-mono';
import './ui/tokens.css';
import './ui/base.css';
import './ui/frame.css';
import './ui/page.css';
import './ui/controls.css';
import './ui/state.css';
import './ui/filters.css';
import './ui/table.css';
import './ui/panel.css';
import './ui/fields.css';
import './ui/overlays.css';
import './ui/explorer.css';
import './ui/matrix.css';
import './ui/console.css';
import './ui/runs.css';

import './ui/narrow.css';
import './ui/forms.css';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RelayEnvironmentProvider } from 'react-relay/hooks';
import { applyTheme } from './frame/theme.ts';
import { environment } from './relay/environment.ts';
import { router } from './routes.tsx';

applyTheme();
createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <RelayEnvironmentProvider environment={environment}>
      <RouterProvider router={router} />
    </RelayEnvironmentProvider>
  </StrictMode>,
);
