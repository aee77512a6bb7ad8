import './schema.ts';
import './settings-schema.ts';
import './undo.ts';
