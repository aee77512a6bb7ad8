import { z } from 'zod';
import { builder } from '../../../graphql/builder.ts';
import { mutation } from '../../../graphql/mutation/define.ts';
import { atInstance } from '../../../graphql/mutation/target.ts';
import { ViewerRef } from '../../../graphql/viewer-ref.ts';
import { type SettingsChange, settingsChange, updateMySettings } from './settings.ts';

const keys =
  'theme, timeZone, language, dateFormat, pageSize, defaultTenant, defaultNamespace, logLevel, logDisplay, refreshSeconds, editor (fontSize, fontFamily, theme, foldTasks, wordWrap), auditFilters (by name: tenantKey, and where as in AuditEventWhere), views (by name: path, and search with the parameters of the address)';

builder.objectField(ViewerRef, 'settings', (t) =>
  t.field({
    type: 'JSON',
    description: `Settings of the user for frontends, by key: ${keys}. Settings without a value are omitted.`,
    resolve: async ({ id }, _args, { db }) =>
      (await db.userSettings.findFirst({ where: { userId: id } }))?.settings ?? {},
  }),
);

mutation('updateMySettings', {
  description: 'Updates the settings of the viewer, key by key. Omitted keys are kept, null deletes a key.',
  permission: 'USER:READ',
  feedsAccess: false,
  input: (t) => ({
    settings: t.field({ type: 'JSON', required: true, description: `Any of ${keys}.` }),
  }),
  rules: z.looseObject({ settings: settingsChange }),
  target: atInstance,
  run: (tx, grant, { settings }, _target, { limits }) =>
    updateMySettings(tx, grant, settings as SettingsChange, limits.pageSize),
  payload: (t) => ({
    settings: t.field({ type: 'JSON', description: 'All settings of the viewer.', resolve: ({ result }) => result }),
  }),
});
