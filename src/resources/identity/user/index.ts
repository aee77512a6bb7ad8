import './schema.ts';
import './mutations.ts';
import './settings-schema.ts';
import './undo.ts';
